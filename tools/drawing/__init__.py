"""Draws models for the documentation: the blocks of each, and what flows between them."""
