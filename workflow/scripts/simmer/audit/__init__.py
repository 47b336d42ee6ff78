"""The leakage audit: does anything that decides know what lies after its decision row?"""
