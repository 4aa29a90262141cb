"""The largest power that can be sold for a time, with a plan that delivers it and a proof that no more is possible."""
