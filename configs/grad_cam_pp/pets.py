# Grad-CAM++ (Chattopadhyay et al., WACV 2018); everything else as in cam/pets.py.
_base_ = ['../cam/pets.py']
cams = dict(model=dict(cam=dict(type='wsss.GradCAMPlusPlus')))
