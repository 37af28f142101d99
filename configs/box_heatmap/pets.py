# Heat maps of tight boxes, simulated from the masks, DeepLabV3-R50 on their labels.
_base_ = [
    '../_base_/recipes/pets.py',
    '../_base_/models/segmentor_deeplabv3_r50.py',
    '../_base_/stages/seeds.py',
]
pipeline = ['seeds', 'pseudo_labels', 'segmentor']
seed_source = dict(type='wsss.SimulateBoxes')
label_scores = '@seeds/scores'
