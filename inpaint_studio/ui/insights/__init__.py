"""The Insights page: what the decisions say about gates, engines and reviewers."""
