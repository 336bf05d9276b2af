#!/usr/bin/env python3
"""Writes the allowing rules of a config.json's seccomp profile as lines for libseccomp.c: name, number of comparisons, comparisons."""

import json
import sys

OPERATORS = ["", "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]

for rule in json.load(open(sys.argv[1]))["linux"]["seccomp"]["syscalls"]:
    if rule["action"] != "SCMP_ACT_ALLOW":
        continue
    arguments = rule.get("args") or []
    words = [str(len(arguments))]
    for argument in arguments:
        operator = OPERATORS.index(argument["op"].removeprefix("SCMP_CMP_"))
        words += map(str, [argument["index"], operator, argument["value"], argument.get("valueTwo", 0)])
    for name in rule["names"]:
        print(name, *words)
