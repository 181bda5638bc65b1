from typing import Final

from django.db import migrations, models

KEEP: Final = """
ALTER TABLE contracts_contractversion DISABLE TRIGGER USER;
ALTER TABLE contracts_contractversion NO FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts_contract NO FORCE ROW LEVEL SECURITY;
UPDATE contracts_contractversion v SET
  contract_number = coalesce(nullif(v.canonical_text, '')::jsonb #>> '{contract,number}', c.number),
  title = coalesce(nullif(v.canonical_text, '')::jsonb #>> '{contract,title}', c.title),
  currency = coalesce(nullif(v.canonical_text, '')::jsonb #>> '{contract,currency}', c.currency)
FROM contracts_contract c WHERE c.id = v.contract_id;
ALTER TABLE contracts_contract FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts_contractversion FORCE ROW LEVEL SECURITY;
ALTER TABLE contracts_contractversion ENABLE TRIGGER USER;
"""
"""What a version said stands in its text; a draft said what its contract says."""


class Migration(migrations.Migration):
    dependencies = [("contracts", "0024_days_that_can_be_meant")]

    operations = [
        migrations.AddField(
            model_name="contractversion",
            name="contract_number",
            field=models.CharField(default="", max_length=40, verbose_name="contract number"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="contractversion",
            name="title",
            field=models.CharField(default="", max_length=160, verbose_name="title"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="contractversion",
            name="currency",
            field=models.CharField(default="", max_length=3, verbose_name="currency"),
            preserve_default=False,
        ),
        migrations.RunSQL(KEEP, migrations.RunSQL.noop),
    ]
