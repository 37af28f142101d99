# schedules/sp_cam.py at a size for CPUs.
superpixel_recipe = dict(
    batch_size=8,
    crop_size=(256, 256),
    crops=[
        dict(type='RandomCrop', crop_size='@superpixel_recipe.crop_size'),
        dict(type='RandomFlip', prob=0.5),
    ],
    max_epochs=5,
    affinity_from=3,
)
# maps of three scales, for cams.test_dataloader.dataset.pipeline
sp_cam_views = [
    dict(type='wsss.LoadImage'),
    dict(type='wsss.MultiScaleViews', scales=(0.5, 1.0, 1.5)),
    dict(type='wsss.PackViews'),
]
