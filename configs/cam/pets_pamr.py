# cam/pets_crf.py with PAMR (Araslanov and Roth, CVPR 2020) instead of the CRF.
_base_ = ['./pets_crf.py']
refiners = [dict(type='wsss.PAMR')]
