"""Pure pixels: no Qt, no torch, no state."""
