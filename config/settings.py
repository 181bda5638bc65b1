"""One settings file, safe by default. Every difference between machines is an environment variable (.env.example)."""

import warnings
from pathlib import Path
from typing import Any

import environ
from django.utils.translation import gettext_lazy as _

from config.postgres import options

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var")))
"""Where the embedded database, evidence files and documents live."""
BACKUP_DIR = env.str("BACKUP_DIR", default="")
"""Where ``manage.py backup`` puts backups, and ``manage.py doctor`` looks for the newest one."""

# --- the database: embedded unless told otherwise ---------------------------------------------------------------
# "default" is what pages and jobs use: a role that owns nothing and that row-level security holds.
# "owner" migrates, verifies and clones.
EMBEDDED = not env.str("DATABASE_URL", default="")
DATABASES: dict[str, dict[str, Any]]
if EMBEDDED:
    DATABASES = {
        "default": {"ENGINE": "config.embedded_pg", "NAME": "cairn", "USER": "cairn_login"},
        "owner": {"ENGINE": "config.embedded_pg", "NAME": "cairn", "USER": "postgres"},
    }
else:
    DATABASES = {
        "default": env.db_url("DATABASE_URL"),
        "owner": env.db_url("OWNER_DATABASE_URL", default=env.str("DATABASE_URL")),
    }
    for _database in DATABASES.values():
        _database["ENGINE"] = "config.postgres"
DATABASE_STATEMENT_SECONDS = env.int("DATABASE_STATEMENT_SECONDS", default=20)
"""How long one statement of a page or a job may take. The server ends it then; a server that is frozen cannot, and is
given up by the client a little later."""
DATABASES["default"] |= {
    "CONN_MAX_AGE": None,
    "CONN_HEALTH_CHECKS": True,
    "PATIENCE": DATABASE_STATEMENT_SECONDS + 5,
}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = options.SESSION.format(
    statement_seconds=DATABASE_STATEMENT_SECONDS
)
DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
"""The owner's stay on: ``verify_audit`` reads millions of rows, and not all of them at once."""
DATABASES["default"]["OPTIONS"]["prepare_threshold"] = 0
"""Concerns only what ``apps.core.database.kept`` sends: Django's own cursors never prepare."""
for _database in DATABASES.values():
    _database["OPTIONS"] = {**options.AWAY_AFTER, **_database.get("OPTIONS", {})}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- the house ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.admin.CairnAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "config.triggers.TriggersConfig",
    "procrastinate.contrib.django",
    "apps.core",
    "apps.parties",
    "apps.audit",
    "apps.contracts",
    "apps.milestones",
    "apps.ledger",
    "apps.invoicing",
    "apps.financing",
    "apps.revenue",
    "apps.workflows",
    "apps.portals",
]
MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",  # first: of files and of the way to HTTPS too
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.portals.away.AwayMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.portals.access.DoorMiddleware",
    "apps.portals.security_log.SecurityLogMiddleware",
    "apps.portals.too_often.TooOftenMiddleware",
    "apps.portals.sizes.RequestSizeMiddleware",
    "apps.portals.sizes.AddressMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portals.context.portal",
            ],
            "builtins": ["apps.portals.templatetags.cairn", "apps.portals.templatetags.review"],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- who signs in, and how ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "parties.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60
ACCOUNT_RATE_LIMITS = {"request_login_code": "20/m/ip,3/m/key"}
"""Codes to sign in: for one network address, and for one mailbox. What is not named keeps allauth's limits."""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
"""Whoever adds or takes away a factor is told by mail, so that somebody whose session was stolen learns of it."""
ACCOUNT_FORMS = {"signup": "apps.portals.account.forms.SignupForm"}
ACCOUNT_ADAPTER = "apps.portals.account.adapter.AccountAdapter"
MFA_ADAPTER = "apps.portals.account.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Cairn"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
SESSION_ENGINE = "apps.portals.sessions"
SESSION_COOKIE_AGE = 60 * 60 * 12
"""How long a session lives at most, from the sign-in on."""
SESSION_IDLE_HOURS = env.int("SESSION_IDLE_HOURS", default=1)
"""How long it lives without being used."""

# --- behind a secret, over HTTPS ---------------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
BASE_URL = env.str("BASE_URL", default="http://localhost:8000")
"""Where links in mails point."""
PLAIN_HTTP = env.bool("PLAIN_HTTP", default=False)
"""Only for a demo or a test on this machine: cookies without the Secure flag, no redirect to HTTPS."""
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLAIN_HTTP
SECURE_SSL_REDIRECT = not PLAIN_HTTP
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
"""How many proxies in front append to X-Forwarded-For; 0 means that the peer's address is the client's."""
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
SESSION_COOKIE_NAME = "sessionid" if PLAIN_HTTP else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if PLAIN_HTTP else "__Host-csrftoken"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_NAME = "language" if PLAIN_HTTP else "__Host-language"
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_HTTPONLY = not PLAIN_HTTP, True
LANGUAGE_COOKIE_SAMESITE = "Lax"
MESSAGES_COOKIE_NAME = "messages" if PLAIN_HTTP else "__Host-messages"
MESSAGE_STORAGE = "apps.portals.messages.Storage"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "manifest-src": ["'self'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4500
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
EVIDENCE_MAX_BYTES = env.int("EVIDENCE_MAX_BYTES", default=20 * 1024 * 1024)
EVIDENCE_QUOTA_BYTES = env.int("EVIDENCE_QUOTA_BYTES", default=20 * 1024**3)
REQUEST_MAX_BYTES = 5 * EVIDENCE_MAX_BYTES
"""The largest form: several evidence files at once. Whoever has no session sends no files at all."""
PACK_MAX_BYTES = env.int("PACK_MAX_BYTES", default=1024 * 1024 * 1024)
"""The most that goes into one evidence pack, before it is compressed."""
PACK_KEPT_DAYS = env.int("PACK_KEPT_DAYS", default=30)
"""How long a pack can be downloaded; afterwards it is made anew when somebody asks."""

# --- words, times, files, mail -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
CLOCK_CAN_BE_STOPPED = False
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = EMBEDDED or DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
if WHITENOISE_USE_FINDERS:
    # Files are served from where they lie: that none were collected is as it should be, and no news to a newcomer.
    warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(DATA_DIR / "files"), "base_url": None, "file_permissions_mode": 0o600},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if EMBEDDED or DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Cairn <no-reply@localhost>")
BOUNCES_URL = env.str("BOUNCES_URL", default="")
"""Where notifications of failed mails lie: the mailbox of DEFAULT_FROM_EMAIL, as a maildir or by IMAP."""
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}
"""Rate limits must be shared by all workers; Postgres is there anyway."""
DEMO = env.bool("DEMO", default=False) and EMBEDDED and DEBUG
"""Switched on by ``manage.py demo`` only: one-click sign-in links and the outbox page."""
if DEMO:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(DATA_DIR / "outbox")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"tokens": {"()": "config.logs.WithoutTokens"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["tokens"]}},
    # Django would add a handler of its own in DEBUG, which writes every line twice and tokens in clear.
    # Who came in and who was refused is said however quiet the rest is.
    "loggers": {"django": {"handlers": [], "level": "NOTSET"}, "cairn.security": {"level": "INFO"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
PROCRASTINATE_IMPORT_PATHS = [
    "apps.workflows.account_letter_jobs",
    "apps.workflows.account_letter_upkeep",
    "apps.workflows.application_jobs",
    "apps.workflows.assignment_jobs",
    "apps.workflows.beginning_jobs",
    "apps.workflows.confirming_jobs",
    "apps.workflows.charge_jobs",
    "apps.workflows.correction_jobs",
    "apps.workflows.credit_jobs",
    "apps.workflows.dispute_jobs",
    "apps.workflows.export_jobs",
    "apps.workflows.hosting_jobs",
    "apps.workflows.jobs",
    "apps.workflows.jobs_before_acceptance",
    "apps.workflows.link_jobs",
    "apps.workflows.payment_document_jobs",
    "apps.workflows.payment_document_upkeep",
    "apps.workflows.recourse_jobs",
    "apps.workflows.recourse_upkeep",
    "apps.workflows.refund_jobs",
    "apps.workflows.reservation_upkeep",
    "apps.workflows.review_upkeep",
    "apps.workflows.reservation_jobs",
    "apps.workflows.retention_jobs",
    "apps.workflows.revenue_jobs",
    "apps.workflows.termination_jobs",
    "apps.workflows.upkeep",
]
