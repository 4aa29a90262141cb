"""The mathematics on arrays: response, planning, bounds. NumPy, numba and HiGHS; no files, no clock, no I/O."""
