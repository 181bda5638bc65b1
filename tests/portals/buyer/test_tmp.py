from tests.portals.test_matrix import *
from tests.portals.test_matrix import world, matrix
from tests.portals.matrix.engine import keys_of
def test_x(world, matrix):
    for name in ("buyer:sign_contract","link:evidence","buyer:invoice_document"):
        a=next(x for x in ADDRESSES if x.name==name)
        on=world.foreign
        theirs = world.foreign_guests if a.is_link else world.foreign_people
        by=world.inside(a, theirs) or theirs
        for v in by:
            for key in keys_of(a,on):
                ans=v.asks("GET", matrix._path(a,key,v))
                print(name, v.name, key, ans.status, on.canary.lower() in ans.text)
del test_strangers_find_nothing
