# cam/pets_slic.py at a size for CPUs.
_base_ = ['./pets_crf_light.py']
refiners = [
    dict(
        type='wsss.SuperpixelVote',
        superpixels=dict(type='wsss.SLIC'),
        cache_dir='work_dirs/cache/superpixels',
    )
]
