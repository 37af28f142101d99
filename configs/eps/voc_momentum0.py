# voc.py at the published learning rate, with the momentum of 0 that the code has in effect.
_base_ = ['./voc.py']
classifier_recipe = dict(optim_wrapper=dict(optimizer=dict(lr=0.01, momentum=0.0)))
