# The same, faithful to the code: it hands the weight decay to SGD in the place of the momentum, so
# the published recipe runs at lr 0.1 with a momentum of 5e-4, that is without.
_base_ = ['./classifier_psa.py']
classifier_recipe = dict(optim_wrapper=dict(optimizer=dict(lr=0.1, momentum=0.0)))
