"""The editions of the notebooks for students and teachers. All are made from the .py files, and none is committed."""
