"""RLlib modules around our networks; imported only by training, so that a bundle loads without Ray."""
