"""The weights that come as packages: verified, loaded, shared by the embedded teacher and student."""
