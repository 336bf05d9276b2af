#!/usr/bin/env python3
"""Prints the allowing rules of a config.json's seccomp profile for libseccomp.c. Each line has the name of a system call, the
number of comparisons, and the comparisons."""

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
