"""The pages under /_mock/: they read the world, and change it by calling the control plane as anybody would."""
