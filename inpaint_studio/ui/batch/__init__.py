"""The Batch page: a folder through the road, watched, paused and taken up again."""
