# sp_cam.py without saliency: superpixels keep colours together, and what it costs to rebuild their
# mean colours from classes and background gives maps their borders (MSA, the project's successor).
_base_ = ['./sp_cam.py']
superpixel_model = dict(attribute='lab')
superpixels = dict(
    train_dataloader=dict(
        dataset=dict(
            pipeline=[
                dict(type='wsss.LoadScores', folder='@cams/scores'),
                dict(type='wsss.LoadImage'),
                dict(type='wsss.MapsAsFields'),
                dict(type='Compose', transforms='@superpixel_recipe.crops'),
                dict(type='wsss.PackRegions'),
            ],
        ),
    ),
)
kernels = dict(groups=1)
sp_classifier = dict(model=dict(map_losses='@sp_map_losses'))
sp_map_losses = [dict(type='wsss.ReconstructionLoss', loss_weight=0.3)]
superpixel_maps = dict(model=dict(cam=dict(first=0)))
