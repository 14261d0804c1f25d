from sympy.logic.boolalg import And as And
from sympy.logic.boolalg import Not as Not
from sympy.logic.boolalg import Or as Or
from sympy.logic.boolalg import false as false
from sympy.logic.boolalg import true as true
