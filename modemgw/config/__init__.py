"""The configuration: one typed, frozen tree, read once from TOML; every problem told at once.

A file for each room that is configured. Durations are seconds unless the key says otherwise, limits
are counted in parts (SMS), not messages, and 0 or an absent limit means "no limit".
"""

from modemgw.config.alerts import AlertRule, AlertSection, AlertsSection, is_mail
from modemgw.config.balance import BalanceSection
from modemgw.config.base import (
    Days,
    Identifier,
    Limit,
    MessageType,
    Number,
    Seconds,
    Section,
    TimeZone,
    Wait,
)
from modemgw.config.budgets import BillShockSection, BudgetMatch, BudgetSection
from modemgw.config.duplicates import DuplicatesSection
from modemgw.config.errors import ConfigError
from modemgw.config.finding import DEFAULT_PATH, ENVIRONMENT_VARIABLE, find
from modemgw.config.gateway import GatewaySection
from modemgw.config.handlers import HandlerMatch, HandlerSection
from modemgw.config.http import HttpSection
from modemgw.config.limits import Limits, RateLimits
from modemgw.config.loading import load, parse
from modemgw.config.modems import ModemMatch, ModemSection
from modemgw.config.opt_out import LanguageSection, OptOutSection
from modemgw.config.quiet_hours import QuietWindow, windows
from modemgw.config.replies import RepliesSection
from modemgw.config.retention import RetentionSection
from modemgw.config.routes import RouteMatch, RouteSection
from modemgw.config.smtp import SmtpSection
from modemgw.config.tariffs import TariffSection
from modemgw.config.templates import (
    ParameterDocument,
    TemplateDocument,
    TemplatesSection,
    VariantDocument,
)
from modemgw.config.tree import Config
from modemgw.config.types import TypeSection, TypesSection
from modemgw.config.verifications import (
    AttemptLimits,
    GuardSection,
    SendLimits,
    VerificationsSection,
)
from modemgw.config.webhooks import WebhooksSection

__all__ = [
    "DEFAULT_PATH",
    "ENVIRONMENT_VARIABLE",
    "AlertRule",
    "AlertSection",
    "AlertsSection",
    "AttemptLimits",
    "BalanceSection",
    "BillShockSection",
    "BudgetMatch",
    "BudgetSection",
    "Config",
    "ConfigError",
    "Days",
    "DuplicatesSection",
    "GatewaySection",
    "GuardSection",
    "HandlerMatch",
    "HandlerSection",
    "HttpSection",
    "Identifier",
    "LanguageSection",
    "Limit",
    "Limits",
    "MessageType",
    "ModemMatch",
    "ModemSection",
    "Number",
    "OptOutSection",
    "ParameterDocument",
    "QuietWindow",
    "RateLimits",
    "RepliesSection",
    "RetentionSection",
    "RouteMatch",
    "RouteSection",
    "Seconds",
    "Section",
    "SendLimits",
    "SmtpSection",
    "TariffSection",
    "TemplateDocument",
    "TemplatesSection",
    "TimeZone",
    "TypeSection",
    "TypesSection",
    "VariantDocument",
    "VerificationsSection",
    "Wait",
    "WebhooksSection",
    "find",
    "is_mail",
    "load",
    "parse",
    "windows",
]
