# ecs/pets_cam.py at a size for CPUs.
_base_ = ['../cam/pets_light.py']
cams = dict(model=dict(cam=dict(_delete_=True, type='wsss.ECS', cam=dict(type='wsss.CAM'))))
pseudo_labels = dict(test_evaluator=dict(presets=['M2', 'M3']))
segmentor = dict(test_evaluator=dict(presets=['M2', 'M3']))
