# Grad-CAM (Selvaraju et al., ICCV 2017); everything else as in cam/pets.py.
_base_ = ['../cam/pets.py']
cams = dict(model=dict(cam=dict(type='wsss.GradCAM')))
