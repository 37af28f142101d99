# voc_irn.py with the learning rate and momentum that the published code really has.
_base_ = ['./voc_irn.py']
classifier_recipe = dict(optim_wrapper=dict(optimizer=dict(lr=0.1, momentum=0.0)))
