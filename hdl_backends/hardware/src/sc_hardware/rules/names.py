"""Names that C, Verilog and VHDL can all carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sc_hardware.rules.errors import RuleError

_VERILOG = """
    always and assign automatic begin buf bufif0 bufif1 case casex casez cell cmos config deassign default
    defparam design disable edge else end endcase endconfig endfunction endgenerate endmodule endprimitive
    endspecify endtable endtask event for force forever fork function generate genvar highz0 highz1 if
    ifnone incdir include initial inout input instance integer join large liblist library localparam
    macromodule medium module nand negedge nmos nor noshowcancelled not notif0 notif1 or output parameter
    pmos posedge primitive pull0 pull1 pulldown pullup pulsestyle_ondetect pulsestyle_onevent rcmos real
    realtime reg release repeat rnmos rpmos rtran rtranif0 rtranif1 scalared showcancelled signed small
    specify specparam strong0 strong1 supply0 supply1 table task time tran tranif0 tranif1 tri tri0 tri1
    triand trior trireg unsigned use uwire vectored wait wand weak0 weak1 while wire wor xnor xor
"""
_VHDL = """
    abs access after alias all and architecture array assert assume assume_guarantee attribute begin block
    body buffer bus case component configuration constant context cover default disconnect downto else elsif
    end entity exit fairness file for force function generate generic group guarded if impure in inertial
    inout is label library linkage literal loop map mod nand new next nor not null of on open or others out
    package parameter port postponed procedure process property protected pure range record register reject
    release rem report restrict restrict_guarantee return rol ror select sequence severity shared signal sla
    sll sra srl strong subtype then to transport type unaffected units until use variable vmode vprop vunit
    wait when while with xnor xor
"""
_C = """
    _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local auto
    break case char const continue default do double else enum extern float for goto if inline int int16_t
    int32_t int64_t int8_t long register restrict return short signed sizeof static struct switch typedef
    uint16_t uint32_t uint64_t uint8_t union unsigned void volatile while
"""
VERILOG, VHDL, C = (frozenset(words.split()) for words in (_VERILOG, _VHDL, _C))
_WORD = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")


def problem_with(name: str) -> str | None:
    """Return why a name cannot be used in all three languages, or None if it can.

    Examples
    --------
    >>> problem_with("signal")
    "'signal' is a reserved word of VHDL-2008"
    >>> problem_with("weight") is None
    True
    """
    if not _WORD.fullmatch(name):
        return (
            f"{name!r} is no name in Verilog, VHDL and C alike: letters, digits and single underscores, "
            "a letter first, no underscore last"
        )
    for language, words in (("Verilog-2001", VERILOG), ("C", C)):
        if name in words:
            return f"{name!r} is a reserved word of {language}"
    if name.lower() in VHDL:  # VHDL knows no difference between upper and lower case
        return f"{name!r} is a reserved word of VHDL-2008"
    return None


def check_names(names: Iterable[str], rule: str) -> None:
    """Refuse names that one of the languages cannot carry, or that VHDL cannot tell apart.

    Raises
    ------
    RuleError
    """
    seen: dict[str, str] = {}
    for name in names:
        problem = problem_with(name)
        if problem is not None:
            raise RuleError(problem, rule=rule)
        other = seen.setdefault(name.lower(), name)
        if other is not name and other != name:
            raise RuleError(f"{other!r} and {name!r} differ only by case, which VHDL does not see", rule=rule)
