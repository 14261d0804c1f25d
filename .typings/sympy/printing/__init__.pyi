from sympy.printing.str import sstr as sstr
