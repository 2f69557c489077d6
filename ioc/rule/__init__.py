"""Rules: data that says when an alarm is raised and cleared, and the decisions that follow."""

from __future__ import annotations

from ioc.rule.definition import Kind, Per, Rule
from ioc.rule.document import Problem
from ioc.rule.evaluation import due, elapsed, evaluate, is_forgettable
from ioc.rule.fact import Fact
from ioc.rule.load import RuleError, load, load_all, shipped
from ioc.rule.ruleset import RuleSet
from ioc.rule.verdict import Clear, Decision, EventRef, Pending, Raise, Verdict
from ioc.rule.window import EMPTY, Window, is_active, silence_due, silent

__all__ = [
    "EMPTY",
    "Clear",
    "Decision",
    "EventRef",
    "Fact",
    "Kind",
    "Pending",
    "Per",
    "Problem",
    "Raise",
    "Rule",
    "RuleError",
    "RuleSet",
    "Verdict",
    "Window",
    "due",
    "elapsed",
    "evaluate",
    "is_active",
    "is_forgettable",
    "load",
    "load_all",
    "shipped",
    "silence_due",
    "silent",
]
