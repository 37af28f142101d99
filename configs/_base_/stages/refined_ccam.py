# Class-agnostic maps of C2AM made to follow the image by a dense CRF (Krähenbühl and Koltun, NIPS
# 2011).
_base_ = ['./refined.py']
refiners = [dict(type='wsss.DenseCRF', preset='psa', bg_power=8)]
refined_from = '@ccam_maps/scores'
refined_from_test = '@ccam_maps_test/scores'
