# Three rounds of sub-category exploration on MS-COCO 2014; DeepLabV3-R50 on the labels.
_base_ = ['../cam/coco.py', '../_base_/stages/sub_categories.py']
_steps = ('features', 'sub_categories', 'classifier')
pipeline = ['classifier'] + [f'{_step}{_round}' for _round in (1, 2, 3) for _step in _steps]
pipeline += ['cams', 'pseudo_labels', 'cams_test', 'pseudo_labels_test', 'segmentor']
cams = dict(load_from='@classifier3/weights.pth', model=dict(_ref_='@classifier3.model'))
