"""The grammar of FEEL (DMN 1.5, 10.3.1.2) for lark's LALR parser: the whole language.

The standard's own grammar is ambiguous and leaves the rest to precedence; here every level of precedence is a rule,
loosest first, and there are no conflicts (a test holds this). What a grammar of one token ahead cannot decide (names
with spaces, keywords used as names, the brackets of `]1..5[`, type names) the lexer decides; so the terminals are only
declared. A terminal that starts with an underscore does not reach the builder.

What starts with `if`, `for`, `some`, `every` or `function` reaches as far as it can. So it is an operand without
parentheses only where it is the last: the `open_` rules.

Unary tests, the cells of decision tables, are a second start symbol, with `?` as the name of what they test. Their
`-` and `not(...)` are told apart before (`unary.py`): as grammar they would be a negation and a call.
"""

from __future__ import annotations

GRAMMAR = r"""
%declare NUMBER STRING AT_STRING TRUE FALSE NULL NAME TYPE
%declare IF _THEN _ELSE FOR _RETURN SOME EVERY _SATISFIES _IN _BETWEEN _AND _OR _INSTANCE _OF FUNCTION EXTERNAL
%declare LPAR RPAR LSQB RSQB OPEN_REVERSED CLOSE_REVERSED LBRACE _RBRACE
%declare _COMMA _COLON _DOT _DOTS PLUS MINUS STAR SLASH _POWER COMPARE _TYPE_OPEN _TYPE_CLOSE _ARROW

?expression: disjunction | open_disjunction

?open: IF expression _THEN expression _ELSE expression            -> conditional
    | FOR iterators _RETURN expression                           -> iteration
    | (SOME | EVERY) iterators _SATISFIES expression             -> quantified
    | FUNCTION LPAR [parameters] RPAR [EXTERNAL] expression      -> function

unary_tests: test (_COMMA test)*

?open_disjunction: open_conjunction
    | conjunction (_OR conjunction)* _OR open_conjunction        -> disjunction
?open_conjunction: open_comparison
    | comparison (_AND comparison)* _AND open_comparison         -> conjunction
?open_comparison: open_sum
    | comparison COMPARE open_sum                                -> compare
?open_sum: open
    | product ((PLUS | MINUS) product)* (PLUS | MINUS) open      -> sum

iterators: iterator (_COMMA iterator)*
iterator: NAME _IN expression [_DOTS expression]
parameters: parameter (_COMMA parameter)*
parameter: NAME [_COLON type]

?disjunction: conjunction (_OR conjunction)*
?conjunction: comparison (_AND comparison)*

?comparison: sum
    | comparison COMPARE sum                                     -> compare
    | comparison _BETWEEN sum _AND sum                           -> between
    | comparison _IN sum                                         -> in_value
    | comparison _IN comparison_test                             -> in_value
    | comparison _IN LPAR tests RPAR                             -> in_tests

tests: test (_COMMA test)+
?test: expression | comparison_test
comparison_test: COMPARE sum

?sum: product ((PLUS | MINUS) product)*
?product: power ((STAR | SLASH) power)*
?power: negation (_POWER negation)*
?negation: instance
    | MINUS negation                                             -> negate
?instance: postfix
    | postfix _INSTANCE _OF type                                 -> instance_of
?postfix: primary
    | postfix _DOT NAME                                          -> path
    | postfix LSQB expression RSQB                               -> filter
    | postfix LPAR [arguments] RPAR                              -> call

?arguments: positional | named
positional: expression (_COMMA expression)*
named: named_argument (_COMMA named_argument)*
named_argument: NAME _COLON expression

?primary: NUMBER                                                 -> number
    | STRING                                                     -> string
    | AT_STRING                                                  -> at_literal
    | TRUE                                                       -> true
    | FALSE                                                      -> false
    | NULL                                                       -> null
    | NAME                                                       -> name
    | LPAR expression RPAR                                       -> parenthesised
    | LPAR comparison_test RPAR                                  -> parenthesised
    | (LPAR | LSQB | OPEN_REVERSED) expression _DOTS expression (RPAR | RSQB | CLOSE_REVERSED)   -> range
    | LSQB [items] RSQB                                          -> list
    | LBRACE [entries] _RBRACE                                   -> context
items: expression (_COMMA expression)*
entries: entry (_COMMA entry)*
entry: (NAME | STRING) _COLON expression

type: TYPE                                                       -> type_name
    | TYPE _TYPE_OPEN types _TYPE_CLOSE [_ARROW type]            -> type_of_types
    | TYPE _TYPE_OPEN fields _TYPE_CLOSE                         -> type_of_fields
    | TYPE _TYPE_OPEN _TYPE_CLOSE _ARROW type                    -> type_of_nothing
types: type (_COMMA type)*
fields: field (_COMMA field)*
field: NAME _COLON type
"""
