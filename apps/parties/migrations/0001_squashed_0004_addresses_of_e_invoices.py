"""Every table of this app in its present form, for a database that has none of them yet.

It stands for the files that it replaces, which stay for databases that are on their way (docs/decisions/0025).
"""

import apps.core.refs
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='User',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('password', models.CharField(max_length=128, verbose_name='password')),
            ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
            ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail')),
            ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
            ('language', models.CharField(default='en', max_length=8, verbose_name='language')),
            ('is_active', models.BooleanField(default=True)),
            ('created_at', models.DateTimeField(auto_now_add=True)),
            ('session_number', models.PositiveIntegerField(default=0, editable=False)),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='mailbox_is_lower_case')],
        },
    ),
    migrations.CreateModel(
        name='Organisation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('legal_name', models.CharField(max_length=160, verbose_name='legal name')),
            ('street', models.CharField(blank=True, max_length=160, verbose_name='street and number')),
            ('postcode', models.CharField(blank=True, max_length=16, verbose_name='postcode')),
            ('city', models.CharField(blank=True, max_length=80, verbose_name='city')),
            ('country', models.CharField(help_text='ISO 3166-1 alpha-2', max_length=2, verbose_name='country')),
            ('vat_number', models.CharField(blank=True, max_length=20, verbose_name='VAT number')),
            ('tax_number', models.CharField(blank=True, max_length=30, verbose_name='national tax number')),
            ('company_number', models.CharField(blank=True, max_length=40, verbose_name='company number')),
            ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail for invoices and notices')),
            ('currency', models.CharField(default='EUR', max_length=3, verbose_name='currency')),
            ('time_zone', models.CharField(default='Europe/Berlin', max_length=40, verbose_name='time zone')),
            ('language', models.CharField(default='en', max_length=8, verbose_name='language of documents and mails')),
            ('is_financier', models.BooleanField(default=False, verbose_name='finances others')),
            ('claimed_at', models.DateTimeField(blank=True, null=True)),
            ('created_at', models.DateTimeField()),
            ('founded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('nominated_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='nominees', to='parties.organisation')),
            ('step_up_above', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True, verbose_name='ask again who it is above')),
            ('buyer_reference', models.CharField(blank=True, max_length=60, verbose_name='reference on invoices to it')),
            ('contact_name', models.CharField(blank=True, max_length=60, verbose_name='contact for questions about invoices')),
            ('electronic_address', models.CharField(blank=True, max_length=100, verbose_name='electronic address for invoices')),
            ('electronic_scheme', models.CharField(blank=True, max_length=4, verbose_name='sort of electronic address')),
            ('phone', models.CharField(blank=True, max_length=60, verbose_name='telephone of the contact')),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(('nominated_by__isnull', False), ('claimed_at__isnull', False), _connector='OR'), name='organisation_is_nominated_or_claimed'), models.CheckConstraint(condition=models.Q(('step_up_above__isnull', True), ('step_up_above__gte', 0), _connector='OR'), name='step_up_limit_not_negative'), models.CheckConstraint(condition=models.Q(models.Q(('electronic_address', ''), ('electronic_scheme', '')), models.Q(models.Q(('electronic_scheme', ''), _negated=True), models.Q(('electronic_address', ''), _negated=True)), _connector='OR'), name='electronic_address_has_its_scheme')],
        },
    ),
    migrations.CreateModel(
        name='Membership',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('owner', 'Owner'), ('contracts', 'Contract manager'), ('delivery', 'Delivery'), ('billing', 'Billing'), ('approver', 'Approver'), ('inspector', 'Inspector'), ('payables', 'Payables'), ('analyst', 'Analyst'), ('underwriter', 'Underwriter'), ('treasury', 'Treasury'), ('auditor', 'Auditor')], max_length=20), size=None)),
            ('approval_limit', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True, verbose_name='signs off up to')),
            ('joined_at', models.DateTimeField()),
            ('ended_at', models.DateTimeField(blank=True, null=True)),
            ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='parties.organisation')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('user'), models.F('organisation'), condition=models.Q(('ended_at__isnull', True)), name='one_live_membership_per_organisation'), models.CheckConstraint(condition=models.Q(('roles', []), _negated=True), name='membership_has_a_role'), models.CheckConstraint(condition=models.Q(('approval_limit__isnull', True), ('approval_limit__gte', 0), _connector='OR'), name='approval_limit_not_negative')],
        },
    ),
    migrations.CreateModel(
        name='Invitation',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
            ('roles', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('owner', 'Owner'), ('contracts', 'Contract manager'), ('delivery', 'Delivery'), ('billing', 'Billing'), ('approver', 'Approver'), ('inspector', 'Inspector'), ('payables', 'Payables'), ('analyst', 'Analyst'), ('underwriter', 'Underwriter'), ('treasury', 'Treasury'), ('auditor', 'Auditor')], max_length=20), size=None)),
            ('approval_limit', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True)),
            ('token_sha256', models.CharField(max_length=64, unique=True)),
            ('invited_at', models.DateTimeField()),
            ('expires_at', models.DateTimeField()),
            ('accepted_at', models.DateTimeField(blank=True, null=True)),
            ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='parties.organisation')),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('accepted_at__isnull', True), ('accepted_by__isnull', True)), models.Q(('accepted_at__isnull', False), ('accepted_by__isnull', False)), _connector='OR'), name='invitation_accepted_by_somebody')],
        },
    ),
    migrations.CreateModel(
        name='BankAccount',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('holder', models.CharField(max_length=160, verbose_name='account holder')),
            ('iban', models.CharField(blank=True, max_length=34, verbose_name='IBAN')),
            ('bic', models.CharField(blank=True, max_length=11, verbose_name='BIC')),
            ('account_number', models.CharField(blank=True, max_length=34, verbose_name='account number')),
            ('routing_number', models.CharField(blank=True, max_length=20, verbose_name='routing number')),
            ('bank_name', models.CharField(blank=True, max_length=80, verbose_name='bank')),
            ('currency', models.CharField(max_length=3, verbose_name='currency')),
            ('is_default', models.BooleanField(default=True, verbose_name='printed on new invoices')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_accounts', to='parties.organisation')),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('iban', ''), _negated=True), models.Q(('account_number', ''), _negated=True), _connector='OR'), name='bank_account_has_iban_or_account_number'), models.UniqueConstraint(models.F('organisation'), models.F('currency'), condition=models.Q(('is_default', True)), name='one_default_bank_account_per_currency')],
        },
    ),
]


class Migration(migrations.Migration):

    replaces = [('parties', '0001_initial'), ('parties', '0002_step_up'), ('parties', '0003_sessions'), ('parties', '0004_addresses_of_e_invoices')]

    initial = True

    dependencies = [
    ]

    operations = [
        *TABLES,
    ]
