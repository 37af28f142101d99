# cam/pets_crf.py with means over SLIC superpixels (Achanta et al., TPAMI 2012) instead of the CRF.
_base_ = ['./pets_crf.py']
refiners = [
    dict(
        type='wsss.SuperpixelVote',
        superpixels=dict(type='wsss.SLIC'),
        cache_dir='work_dirs/cache/superpixels',
    )
]
