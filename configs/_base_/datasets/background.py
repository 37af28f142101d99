# Pictures that show none of the classes, for training: any folder of pictures, by default Stanford
# Background. A config says where they go, such as cam/pets_bg.py.
background = dict(type='wsss.BackgroundPictures', data_root=None)
with_background = dict(
    type='wsss.WithBackground',
    dataset=dict(_ref_='@data/train'),
    background=dict(_ref_='@background'),
    exclude=None,
)
background_sampler = dict(type='wsss.BackgroundRatioSampler', background_ratio=1 / 8)
