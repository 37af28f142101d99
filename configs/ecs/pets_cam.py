# CAM completed by ECS at test time (after Sun et al., ICCV 2021); all else as in cam/pets.py.
_base_ = ['../cam/pets.py']
cams = dict(model=dict(cam=dict(_delete_=True, type='wsss.ECS', cam=dict(type='wsss.CAM'))))
pseudo_labels = dict(test_evaluator=dict(presets=['M2', 'M3']))
segmentor = dict(test_evaluator=dict(presets=['M2', 'M3']))
