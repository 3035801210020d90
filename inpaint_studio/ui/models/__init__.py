"""The Models page: what lies in the models folder, its state, and bringing more in."""
