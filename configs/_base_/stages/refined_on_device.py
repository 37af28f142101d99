# refined.py with its refiners in the main process, on the device of the stage; name it in place of
# refined.py. For GPUs: PAMR and PAR run there whole, and of the dense CRF all but making the
# lattice. Others stay on the CPU, where refined.py is faster, as its workers share the work.
_base_ = ['./refined.py']
_read = [dict(type='wsss.LoadImage'), dict(type='wsss.PackScores', with_image=True)]
refined = dict(
    model=dict(type='wsss.RefineModel', refiners='@refiners'),
    test_dataloader=dict(
        dataset=dict(pipeline=[dict(type='wsss.LoadScores', folder='@refined_from'), *_read])
    ),
)
refined_test = dict(
    test_dataloader=dict(
        dataset=dict(pipeline=[dict(type='wsss.LoadScores', folder='@refined_from_test'), *_read])
    )
)
