# SC-CAM (Chang et al., CVPR 2020): three rounds of sub-category exploration, then AffinityNet.
_base_ = ['../psa/voc_deeplabv2.py', '../_base_/stages/sub_categories.py']
_steps = ('features', 'sub_categories', 'classifier')
pipeline = ['classifier'] + [f'{_step}{_round}' for _round in (1, 2, 3) for _step in _steps]
pipeline += [
    'cams', 'map_labels', 'affinity_labels', 'affinity', 'walked', 'pseudo_labels', 'cams_test',
    'walked_test', 'pseudo_labels_test', 'segmentor',
]  # fmt: skip
cams = dict(load_from='@classifier3/weights.pth', model=dict(_ref_='@classifier3.model'))
