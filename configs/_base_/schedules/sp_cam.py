# Superpixels of SP-CAM: 150 epochs of 32 images, long side 320 to 640, crops of 512; the affinities
# count from 70 % of the epochs on.
superpixel_recipe = dict(
    batch_size=32,
    crop_size=(512, 512),
    crops=[
        dict(
            type='RandomChoiceResize',
            resize_type='wsss.ResizeMaps',
            scales=[(side, side) for side in range(320, 641, 32)],
            keep_ratio=True,
        ),
        dict(type='RandomCrop', crop_size='@superpixel_recipe.crop_size'),
        dict(type='RandomFlip', prob=0.5),
    ],
    max_epochs=150,
    affinity_from=105,
)
