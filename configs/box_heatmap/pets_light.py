# box_heatmap/pets.py at a size for CPUs.
_base_ = [
    '../_base_/recipes/pets_light.py',
    '../_base_/models/segmentor_deeplabv3_mobilenet_v2.py',
    '../_base_/stages/seeds.py',
]
pipeline = ['seeds', 'pseudo_labels', 'segmentor']
seed_source = dict(type='wsss.SimulateBoxes')
label_scores = '@seeds/scores'
