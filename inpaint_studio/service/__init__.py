"""Optional job API over HTTP on this machine."""
