"""Who acted before is known by every alias of a mailbox."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('contracts', '0033_bills_by'),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='signature',
            name='nobody_signs_for_both_sides',
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signature',
            trigger=pgtrigger.compiler.Trigger(name='nobody_signs_for_both_sides', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_signature s WHERE s.version_id = NEW.version_id AND s.side <> NEW.side AND (s.user_id = NEW.user_id OR (SELECT CASE WHEN substr(r.domain, strpos(r.domain, '.') + 1) IN ('fastmail.com') THEN split_part(r.domain, '.', 1) || '@' || substr(r.domain, strpos(r.domain, '.') + 1) WHEN r.domain IN ('gmail.com', 'proton.me') THEN replace(r.name, '.', '') || '@' || r.domain ELSE r.name || '@' || r.domain END FROM (SELECT coalesce(nullif(split_part(split_part(lower(btrim(normalize(s.email, NFKC))), '@', 1), '+', 1), ''), split_part(lower(btrim(normalize(s.email, NFKC))), '@', 1)) AS name, CASE rtrim(split_part(lower(btrim(normalize(s.email, NFKC))), '@', 2), '.') WHEN 'googlemail.com' THEN 'gmail.com' WHEN 'mac.com' THEN 'icloud.com' WHEN 'me.com' THEN 'icloud.com' WHEN 'pm.me' THEN 'proton.me' WHEN 'protonmail.com' THEN 'proton.me' ELSE rtrim(split_part(lower(btrim(normalize(s.email, NFKC))), '@', 2), '.') END AS domain) r) = (SELECT CASE WHEN substr(r.domain, strpos(r.domain, '.') + 1) IN ('fastmail.com') THEN split_part(r.domain, '.', 1) || '@' || substr(r.domain, strpos(r.domain, '.') + 1) WHEN r.domain IN ('gmail.com', 'proton.me') THEN replace(r.name, '.', '') || '@' || r.domain ELSE r.name || '@' || r.domain END FROM (SELECT coalesce(nullif(split_part(split_part(lower(btrim(normalize(NEW.email, NFKC))), '@', 1), '+', 1), ''), split_part(lower(btrim(normalize(NEW.email, NFKC))), '@', 1)) AS name, CASE rtrim(split_part(lower(btrim(normalize(NEW.email, NFKC))), '@', 2), '.') WHEN 'googlemail.com' THEN 'gmail.com' WHEN 'mac.com' THEN 'icloud.com' WHEN 'me.com' THEN 'icloud.com' WHEN 'pm.me' THEN 'proton.me' WHEN 'protonmail.com' THEN 'proton.me' ELSE rtrim(split_part(lower(btrim(normalize(NEW.email, NFKC))), '@', 2), '.') END AS domain) r))) THEN RAISE EXCEPTION 'nobody signs for both sides' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e8425db6296a15df07c0e146daca6ec3a81a8f58', operation='INSERT', pgid='pgtrigger_nobody_signs_for_both_sides_14b3e', table='contracts_signature', when='BEFORE')),
        ),
    ]
