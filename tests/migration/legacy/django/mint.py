"""Makes the tables of three Django libraries and mints keys through them: python mint.py <database URL>.

Prints what was minted as JSON: the keys as their holders have them, which no table shows, and what is stored.
"""

import json
import sys
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

USERS = 40


def database(url):
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:")}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname,
        "PORT": parts.port,
    }


settings.configure(
    SECRET_KEY="only for this test",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": database(sys.argv[1])},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework.authtoken",
        "rest_framework_api_key",
        "knox",
    ],
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from knox.models import AuthToken  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework_api_key.models import APIKey  # noqa: E402

call_command("migrate", verbosity=0)

minted = {"authtoken": [], "knox": [], "api_key": []}
for number in range(USERS):
    user = get_user_model().objects.create_user(f"user{number}")
    token = Token.objects.create(user=user)
    minted["authtoken"].append({"key": token.key, "stored": token.key, "owner": str(user.pk)})

    # Every fourth has expired; every third of the others never will.
    expiry = timedelta(hours=-1) if number % 4 == 0 else None if number % 3 == 0 else timedelta(days=7)
    token, key = AuthToken.objects.create(user=user, expiry=expiry)
    expired = number % 4 == 0
    minted["knox"].append({"key": key, "stored": token.digest, "owner": str(user.pk), "expired": expired})

    # Every fifth was revoked.
    revoked = number % 5 == 0
    expires = timezone.now() + timedelta(days=30) if number % 2 else None
    token, key = APIKey.objects.create_key(name=f"Partner {number}, “the” one", revoked=revoked, expiry_date=expires)
    minted["api_key"].append({"key": key, "stored": token.hashed_key, "owner": "api-keys", "revoked": revoked})

json.dump(minted, sys.stdout)
