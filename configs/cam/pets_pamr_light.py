# cam/pets_pamr.py at a size for CPUs.
_base_ = ['./pets_crf_light.py']
refiners = [dict(type='wsss.PAMR')]
