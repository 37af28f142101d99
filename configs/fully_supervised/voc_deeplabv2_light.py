# fully_supervised/voc_deeplabv2.py at a size for CPUs, with the light schedule of the recipe.
_base_ = [
    '../_base_/recipes/voc_light.py',
    '../_base_/models/segmentor_deeplabv2_mobilenet_v2.py',
    '../_base_/stages/segmentor_crf.py',
]
pipeline = ['segmentor', 'segmentor_scores', 'segmentor_crf']
segmentor = dict(train_dataloader=dict(dataset=dict(mask_folder=None)))
