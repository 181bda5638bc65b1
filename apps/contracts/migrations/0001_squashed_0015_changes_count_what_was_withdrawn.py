"""Every table of this app in its present form, for a database that has none of them yet.

It stands for the files that it replaces, which stay for databases that are on their way (docs/decisions/0025).
"""

import apps.core.refs
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

TABLES = [
    migrations.CreateModel(
        name='ContractTemplate',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('name', models.CharField(max_length=120, verbose_name='name')),
            ('title', models.CharField(max_length=160, verbose_name='what the contract is about')),
            ('currency', models.CharField(max_length=3, verbose_name='currency')),
            ('price', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='price, net of tax')),
            ('milestones', models.PositiveIntegerField()),
            ('content', models.TextField()),
            ('created_at', models.DateTimeField()),
            ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('organisation'), django.db.models.functions.text.Lower('name'), name='template_name_unique_per_organisation'), models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('content', ''), _negated=True)), name='template_has_name_and_content'), models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='template_price_positive')],
            'triggers': [pgtrigger.compiler.Trigger(name='only_the_name_of_a_template_changes', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF to_jsonb(NEW) IS DISTINCT FROM (to_jsonb(OLD) || jsonb_build_object('name', NEW.name)) THEN RAISE EXCEPTION 'only the name of a template changes' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='7382b10dcde21fd632d259901f2e33a1f0397c3a', operation='UPDATE', pgid='pgtrigger_only_the_name_of_a_template_changes_9a3b8', table='contracts_contracttemplate', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Contract',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('number', models.CharField(help_text="the seller's own number", max_length=40, verbose_name='contract number')),
            ('title', models.CharField(max_length=160, verbose_name='title')),
            ('currency', models.CharField(max_length=3, verbose_name='currency')),
            ('state', models.CharField(choices=[('draft', 'Draft'), ('proposed', 'Proposed'), ('active', 'Active'), ('completed', 'Completed'), ('withdrawn', 'Withdrawn')], default='draft', max_length=12)),
            ('was_proposed', models.BooleanField(default=False, help_text='True from the first proposal on; the buyer may see it then.')),
            ('created_at', models.DateTimeField()),
            ('activated_at', models.DateTimeField(blank=True, null=True)),
            ('completed_at', models.DateTimeField(blank=True, null=True)),
            ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'indexes': [models.Index(fields=['seller', '-id'], name='contract_of_seller'), models.Index(fields=['buyer', '-id'], name='contract_of_buyer'), models.Index(fields=['seller', 'state', '-id'], name='contract_of_seller_by_state'), models.Index(fields=['buyer', 'state', '-id'], name='contract_of_buyer_by_state')],
            'constraints': [models.CheckConstraint(condition=models.Q(('seller', models.F('buyer')), _negated=True), name='contract_has_two_parties'), models.UniqueConstraint(models.F('seller'), models.F('number'), name='contract_number_unique_per_seller'), models.CheckConstraint(condition=models.Q(models.Q(('completed_at__isnull', False), ('state', 'completed')), models.Q(models.Q(('state', 'completed'), _negated=True), ('completed_at__isnull', True)), _connector='OR'), name='contract_completed_at_a_time')],
            'triggers': [pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='93d21e18070ddfdbe1b2c32faf60fc72c39ab880', operation='DELETE', pgid='pgtrigger_never_deleted_7fece', table='contracts_contract', when='BEFORE')), pgtrigger.compiler.Trigger(name='the_sides_stay_once_a_contract_was_proposed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.was_proposed AND (NEW.seller_id, NEW.buyer_id, NEW.was_proposed) IS DISTINCT FROM (OLD.seller_id, OLD.buyer_id, OLD.was_proposed) THEN RAISE EXCEPTION 'the sides stay once a contract was proposed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='bb94aa028bcdff3f3e23b8f265b2db97fc17d2d0', operation='UPDATE', pgid='pgtrigger_the_sides_stay_once_a_contract_was_proposed_42081', table='contracts_contract', when='BEFORE')), pgtrigger.compiler.Trigger(name='what_is_signed_stays_unless_it_is_a_draft', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.state <> 'draft' AND (NEW.number, NEW.title, NEW.currency) IS DISTINCT FROM (OLD.number, OLD.title, OLD.currency) THEN RAISE EXCEPTION 'what is signed stays unless it is a draft' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='524a59a2d9a049ea9b29edd16a068e8c2f634cac', operation='UPDATE', pgid='pgtrigger_what_is_signed_stays_unless_it_is_a_draft_282ae', table='contracts_contract', when='BEFORE')), pgtrigger.compiler.Trigger(name='active_when_both_sides_signed', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF NEW.active_version_id IS NOT NULL AND (SELECT count(DISTINCT s.side) FROM contracts_signature s JOIN contracts_contractversion v ON v.id = s.version_id AND v.sha256 = s.sha256 WHERE v.id = NEW.active_version_id AND v.contract_id = NEW.id AND s.contract_id = NEW.id AND ((s.side = 'seller' AND s.organisation_id = NEW.seller_id) OR (s.side = 'buyer' AND s.organisation_id = NEW.buyer_id))) <> 2 THEN RAISE EXCEPTION 'contract % is active without the signatures of both sides', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='a3d687f87c9b3358d3401a98fce5133c241be75b', operation='INSERT OR UPDATE', pgid='pgtrigger_active_when_both_sides_signed_1ad5f', table='contracts_contract', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'active' AND NEW.state = 'completed') OR (OLD.state = 'completed' AND NEW.state = 'active') OR (OLD.state = 'draft' AND NEW.state = 'proposed') OR (OLD.state = 'draft' AND NEW.state = 'withdrawn') OR (OLD.state = 'proposed' AND NEW.state = 'active') OR (OLD.state = 'proposed' AND NEW.state = 'draft') OR (OLD.state = 'proposed' AND NEW.state = 'withdrawn')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='16a7a3cbb76a5af9371e48ab22b7b49c1b955078', operation='UPDATE', pgid='pgtrigger_legal_steps_d738d', table='contracts_contract', when='BEFORE')), pgtrigger.compiler.Trigger(name='the_active_version_gives_way_to_its_change', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.active_version_id IS NOT NULL AND NEW.active_version_id IS DISTINCT FROM OLD.active_version_id AND NOT (OLD.state = 'active' AND EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.active_version_id AND v.contract_id = NEW.id AND v.changes_id = OLD.active_version_id AND v.proposed_at IS NOT NULL AND v.changes_asked_at IS NULL)) THEN RAISE EXCEPTION 'the active version gives way to its change' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='3181413f47c21d4fd866f39a9088abe0660267ce', operation='UPDATE', pgid='pgtrigger_the_active_version_gives_way_to_its_change_a65cb', table='contracts_contract', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_change_leaves_what_the_calendar_bills', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF OLD.active_version_id IS NOT NULL AND NEW.active_version_id <> OLD.active_version_id AND EXISTS (SELECT 1 FROM (SELECT position, kind, title, amount, start, starts_on, starts_with, period, period_count FROM contracts_planline WHERE kind <> 'milestone' AND version_id = OLD.active_version_id) was FULL JOIN (SELECT position, kind, title, amount, start, starts_on, starts_with, period, period_count FROM contracts_planline WHERE kind <> 'milestone' AND version_id = NEW.active_version_id) now ON to_jsonb(now) = to_jsonb(was) WHERE was.position IS NULL OR now.position IS NULL) THEN RAISE EXCEPTION 'a change of contract % touches a deposit or a recurring line', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='4feca96366b92f9fa4d7f42da945bfcc07672218', operation='UPDATE', pgid='pgtrigger_a_change_leaves_what_the_calendar_bills_64c2a', table='contracts_contract', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='milestones_follow_a_change', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF OLD.active_version_id IS NOT NULL AND NEW.active_version_id <> OLD.active_version_id AND (EXISTS (SELECT 1 FROM (SELECT l.position, sum(l.amount) AS agreed FROM contracts_planline l WHERE l.version_id = NEW.active_version_id AND l.kind = 'milestone' GROUP BY l.position) plan FULL JOIN (SELECT m.position, sum(m.amount - m.nullified) AS lives FROM milestones_milestone m WHERE m.contract_id = NEW.id AND m.state <> 'cancelled' GROUP BY m.position) life ON life.position = plan.position WHERE coalesce(plan.agreed, 0) <> coalesce(life.lives, 0)) OR EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_changeorder o ON o.id = v.change_order_id WHERE v.id = NEW.active_version_id AND o.state <> 'signed')) THEN RAISE EXCEPTION 'the milestones of contract % are not those of its signed change', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='f0f4429728f9807e67a63a6c49b5fa888843e0fe', operation='UPDATE', pgid='pgtrigger_milestones_follow_a_change_abc92', table='contracts_contract', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='GuestGrant',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('purpose', models.CharField(choices=[('sign_contract', 'Sign the contract'), ('sign_off', 'Sign off a milestone'), ('acknowledge', 'Confirm whom to pay')], max_length=20)),
            ('subject_ref', models.CharField(max_length=16)),
            ('name', models.CharField(max_length=120)),
            ('email', models.EmailField(max_length=254)),
            ('token_sha256', models.CharField(max_length=64, unique=True)),
            ('created_at', models.DateTimeField()),
            ('expires_at', models.DateTimeField()),
            ('first_viewed_at', models.DateTimeField(blank=True, null=True)),
            ('used_at', models.DateTimeField(blank=True, null=True)),
            ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='grants', to='contracts.contract')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('replaces', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='contracts.guestgrant')),
        ],
        options={
            'indexes': [models.Index(models.F('contract'), name='grant_by_contract')],
            'constraints': [models.UniqueConstraint(models.F('purpose'), models.F('subject_ref'), models.F('email'), condition=models.Q(('revoked_at__isnull', True), ('used_at__isnull', True)), name='one_live_link_per_mailbox_and_subject')],
            'triggers': [pgtrigger.compiler.Trigger(name='identity_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('first_viewed_at', OLD.first_viewed_at) || jsonb_build_object('used_at', OLD.used_at) || jsonb_build_object('revoked_at', OLD.revoked_at)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='666e36f91d52526ff62cb828230c0270eba3b867', operation='UPDATE OR DELETE', pgid='pgtrigger_identity_frozen_52212', table='contracts_guestgrant', when='BEFORE')), pgtrigger.compiler.Trigger(name='used_once', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.used_at IS NOT NULL THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('first_viewed_at', OLD.first_viewed_at)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='3a3656619bd6c6a9484678644b8c7c4c3238cbad', operation='UPDATE OR DELETE', pgid='pgtrigger_used_once_f5b94', table='contracts_guestgrant', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='ContractParty',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('side', models.CharField(choices=[('seller', 'Seller'), ('buyer', 'Buyer'), ('financier', 'Financier')], max_length=10)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parties', to='contracts.contract')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
        ],
        options={
            'indexes': [models.Index(models.F('organisation'), models.F('contract'), name='party_by_organisation')],
            'constraints': [models.UniqueConstraint(models.F('contract'), models.F('organisation'), name='one_side_per_organisation'), models.UniqueConstraint(models.F('contract'), models.F('side'), condition=models.Q(('side__in', ['seller', 'buyer'])), name='one_seller_and_one_buyer')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='06abf35999e0a02bfbaf4843cb364fd6eac20d45', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_5f7e5', table='contracts_contractparty', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='2cedb6b1208f25fe0aceefa457bb62a5c69b073a', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_c23e2', table='contracts_contractparty', when='BEFORE')), pgtrigger.compiler.Trigger(name='nobody_joins_a_contract_uninvited', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND (NEW.side <> 'seller' OR c.seller_id = NEW.organisation_id) AND (NEW.side <> 'buyer' OR c.buyer_id = NEW.organisation_id)) THEN RAISE EXCEPTION 'nobody joins a contract uninvited' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='ff14e748c579618fdb81bcaba839ed7126939b78', operation='INSERT', pgid='pgtrigger_nobody_joins_a_contract_uninvited_3d080', table='contracts_contractparty', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='PlanUpload',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('file_name', models.CharField(max_length=200, verbose_name='file')),
            ('file_sha256', models.CharField(max_length=64)),
            ('plan', models.TextField()),
            ('reading', models.TextField()),
            ('draft_sha256', models.CharField(max_length=64)),
            ('uploaded_at', models.DateTimeField()),
            ('contract', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='plan_upload', to='contracts.contract')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('uploaded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(('draft_sha256__regex', '^[0-9a-f]{64}$'), ('file_sha256__regex', '^[0-9a-f]{64}$')), name='plan_upload_names_its_hashes')],
            'triggers': [pgtrigger.compiler.Trigger(name='a_plan_is_uploaded_by_the_seller_of_a_draft', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contract c JOIN contracts_contractversion v ON v.contract_id = c.id AND v.author = 'seller' AND v.proposed_at IS NULL WHERE c.id = NEW.contract_id AND c.seller_id = NEW.organisation_id AND c.state IN ('draft', 'proposed')) THEN RAISE EXCEPTION 'a plan is uploaded by the seller of a draft' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='a960572f526653db9405d8c23e496ed3d111840f', operation='INSERT OR UPDATE', pgid='pgtrigger_a_plan_is_uploaded_by_the_seller_of_a_draft_02ad0', table='contracts_planupload', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='ChangeOrder',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('number', models.PositiveIntegerField()),
            ('title', models.CharField(max_length=160, verbose_name='what changes')),
            ('reason', models.TextField(max_length=4000, verbose_name='why, and what exactly')),
            ('state', models.CharField(choices=[('unpriced', 'Not priced yet'), ('proposed', 'Proposed'), ('signed', 'Signed'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='unpriced', max_length=10)),
            ('was_unpriced', models.BooleanField(default=False)),
            ('author', models.CharField(choices=[('seller', 'Seller'), ('buyer', 'Buyer')], max_length=10, verbose_name='proposed by')),
            ('recorded_at', models.DateTimeField()),
            ('closed_at', models.DateTimeField(blank=True, null=True)),
            ('closed_reason', models.TextField(blank=True, max_length=4000, verbose_name='why it is not signed')),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='change_orders', to='contracts.contract')),
            ('recorded_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        ],
        options={
            'ordering': ('number',),
            'constraints': [models.UniqueConstraint(models.F('contract'), models.F('number'), name='change_order_numbers_unique'), models.UniqueConstraint(models.F('contract'), condition=models.Q(('state', 'proposed')), name='one_change_proposed_at_a_time'), models.CheckConstraint(condition=models.Q(('author__in', ['seller', 'buyer'])), name='change_is_of_a_side'), models.CheckConstraint(condition=models.Q(models.Q(('title', ''), _negated=True), models.Q(('reason', ''), _negated=True)), name='change_says_what_and_why'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', False), ('state__in', ['declined', 'withdrawn']), models.Q(('closed_reason', ''), _negated=True)), models.Q(('closed_at__isnull', True), ('closed_reason', ''), ('state__in', ['unpriced', 'proposed'])), models.Q(('closed_at__isnull', False), ('closed_reason', ''), ('state', 'signed')), _connector='OR'), name='change_closed_at_a_time_and_for_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'unpriced'), _negated=True), ('was_unpriced', True), _connector='OR'), name='unpriced_only_what_was_recorded_so')],
            'triggers': [pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'declined' AND NEW.state = 'proposed') OR (OLD.state = 'declined' AND NEW.state = 'withdrawn') OR (OLD.state = 'proposed' AND NEW.state = 'declined') OR (OLD.state = 'proposed' AND NEW.state = 'signed') OR (OLD.state = 'proposed' AND NEW.state = 'unpriced') OR (OLD.state = 'proposed' AND NEW.state = 'withdrawn') OR (OLD.state = 'unpriced' AND NEW.state = 'proposed') OR (OLD.state = 'unpriced' AND NEW.state = 'withdrawn')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='f4429e452d8b7a82c76f74bded948bec01188ed2', operation='UPDATE', pgid='pgtrigger_legal_steps_47eb9', table='contracts_changeorder', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='051692fee3c42848cd93a91a9987db46455fa160', operation='DELETE', pgid='pgtrigger_never_deleted_b8d43', table='contracts_changeorder', when='BEFORE')), pgtrigger.compiler.Trigger(name='what_changes_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('state', OLD.state) || jsonb_build_object('author', OLD.author) || jsonb_build_object('closed_at', OLD.closed_at) || jsonb_build_object('closed_reason', OLD.closed_reason)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='c76a0560e896376c65bce58381c8a707896272be', operation='UPDATE OR DELETE', pgid='pgtrigger_what_changes_is_frozen_5f8a0', table='contracts_changeorder', when='BEFORE')), pgtrigger.compiler.Trigger(name='only_an_active_contract_is_changed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contract c WHERE c.id = NEW.contract_id AND c.state = 'active') THEN RAISE EXCEPTION 'only an active contract is changed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='07ea0e00efd06737c3796b0e40148a34775b1a72', operation='INSERT', pgid='pgtrigger_only_an_active_contract_is_changed_57812', table='contracts_changeorder', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_change_is_what_its_versions_are', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF EXISTS (SELECT 1 FROM contracts_changeorder o WHERE o.id = NEW.id AND CASE o.state WHEN 'signed' THEN (SELECT count(DISTINCT s.side) FROM contracts_signature s JOIN contracts_contractversion v ON v.id = s.version_id WHERE v.change_order_id = o.id AND v.changes_asked_at IS NULL) <> 2 WHEN 'proposed' THEN (SELECT count(*) FROM contracts_contractversion v WHERE v.change_order_id = o.id AND v.proposed_at IS NOT NULL AND v.changes_asked_at IS NULL) <> 1 ELSE EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.change_order_id = o.id AND v.changes_asked_at IS NULL) END) THEN RAISE EXCEPTION 'change order % is not what its versions are', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='54643ff089e9b704817bce735888aaae4e1fe470', operation='INSERT OR UPDATE', pgid='pgtrigger_a_change_is_what_its_versions_are_3b98a', table='contracts_changeorder', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER'))],
        },
    ),
    migrations.CreateModel(
        name='ContractVersion',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('number', models.PositiveIntegerField()),
            ('price', models.DecimalField(decimal_places=3, max_digits=18, verbose_name='price, net of tax')),
            ('payment_days', models.PositiveSmallIntegerField(default=30, help_text="calendar days from the invoice's date", verbose_name='days to pay')),
            ('review_days', models.PositiveSmallIntegerField(default=14, help_text="days from the proven notice of a submission to the buyer's answer", verbose_name='days to review')),
            ('tax_category', models.CharField(choices=[('S', 'Standard rate'), ('Z', 'Zero rated'), ('E', 'Exempt'), ('AE', 'Reverse charge'), ('O', 'Outside the scope of tax')], default='S', max_length=2, verbose_name='tax treatment')),
            ('tax_rate', models.DecimalField(decimal_places=3, default=0, max_digits=6, verbose_name='tax rate in percent')),
            ('is_assignable', models.BooleanField(default=True, help_text='needed if the seller wants to be financed', verbose_name='receivables may be assigned')),
            ('governing_law', models.CharField(blank=True, max_length=80, verbose_name='governing law')),
            ('terms', models.TextField(blank=True, max_length=20000, verbose_name='further terms')),
            ('signatory_name', models.CharField(max_length=120, verbose_name='who signs off for the buyer')),
            ('signatory_email', models.EmailField(max_length=254, verbose_name='e-mail of the person who signs off')),
            ('canonical_text', models.TextField(blank=True)),
            ('sha256', models.CharField(blank=True, max_length=64)),
            ('created_at', models.DateTimeField()),
            ('proposed_at', models.DateTimeField(blank=True, null=True)),
            ('changes_asked_at', models.DateTimeField(blank=True, null=True)),
            ('changes_asked', models.TextField(blank=True, max_length=4000, verbose_name='what should change')),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='contracts.contract')),
            ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('review_country', models.CharField(blank=True, max_length=2, verbose_name='calendar of holidays')),
            ('review_subdivision', models.CharField(blank=True, max_length=40, verbose_name='region of the calendar')),
            ('review_time_zone', models.CharField(blank=True, max_length=40, verbose_name='time zone of the review')),
            ('review_unit', models.CharField(choices=[('calendar', 'Calendar days'), ('business', 'Business days'), ('working', 'Working days, Mon to Sat')], default='calendar', max_length=10, verbose_name='days that count')),
            ('silence', models.CharField(choices=[('escalates', 'Nothing is decided'), ('accepted', 'Counts as accepted'), ('rejected', 'Counts as not accepted')], default='escalates', max_length=10, verbose_name='if the buyer says nothing')),
            ('partial_acceptance', models.BooleanField(default=False, help_text='what is accepted is billed at once, the rest can be submitted again', verbose_name='milestones may be accepted in part')),
            ('answer_until', models.DateField(blank=True, null=True, verbose_name='can be signed until')),
            ('author', models.CharField(choices=[('seller', 'Seller'), ('buyer', 'Buyer')], default='seller', max_length=10, verbose_name='proposed by')),
            ('expired_at', models.DateTimeField(blank=True, null=True)),
            ('expires_at', models.DateTimeField(blank=True, null=True)),
            ('needs_inspection', models.BooleanField(default=False, help_text='by somebody else of the buyer than who accepts', verbose_name='an inspection comes before acceptance')),
            ('question_suspensions', models.PositiveSmallIntegerField(default=0, help_text='of one submission, each until the seller has answered it', verbose_name='questions that stop the review clock')),
            ('second_acceptor_above', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True, verbose_name='two people accept above')),
            ('changes', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='changed_by', to='contracts.contractversion')),
            ('change_order', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='contracts.changeorder')),
            ('retention', models.JSONField(blank=True, null=True, verbose_name='retention')),
        ],
        options={
            'constraints': [models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='price_positive'), models.CheckConstraint(condition=models.Q(('tax_rate__gte', 0), ('tax_rate__lte', 100)), name='tax_rate_is_a_percentage'), models.CheckConstraint(condition=models.Q(('tax_category', 'S'), ('tax_rate', 0), _connector='OR'), name='only_standard_rate_bears_tax'), models.CheckConstraint(condition=models.Q(('proposed_at__isnull', True), models.Q(models.Q(('canonical_text', ''), _negated=True), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='proposed_version_has_its_text'), models.CheckConstraint(condition=models.Q(('review_unit__in', ['calendar', 'business', 'working']), ('silence__in', ['escalates', 'accepted', 'rejected'])), name='review_is_counted_and_ends_somehow'), models.UniqueConstraint(models.F('contract'), models.F('number'), condition=models.Q(('proposed_at__isnull', False)), name='proposed_numbers_unique'), models.UniqueConstraint(models.F('contract'), models.F('author'), condition=models.Q(('proposed_at__isnull', True)), name='one_draft_per_side'), models.CheckConstraint(condition=models.Q(('author__in', ['seller', 'buyer'])), name='version_is_of_a_side'), models.CheckConstraint(condition=models.Q(('expires_at__isnull', True), models.Q(('answer_until__isnull', False), ('expires_at__gt', models.F('proposed_at')), ('proposed_at__isnull', False)), _connector='OR'), name='expiry_follows_the_proposal'), models.CheckConstraint(condition=models.Q(('expired_at__isnull', True), models.Q(('expired_at__gte', models.F('expires_at')), ('expires_at__isnull', False)), _connector='OR'), name='expired_when_the_time_was_over'), models.CheckConstraint(condition=models.Q(('question_suspensions__lte', 3)), name='few_questions_stop_the_clock'), models.CheckConstraint(condition=models.Q(('second_acceptor_above__isnull', True), ('second_acceptor_above__gte', 0), _connector='OR'), name='second_acceptor_above_an_amount'), models.CheckConstraint(condition=models.Q(models.Q(('change_order__isnull', True), ('changes__isnull', True)), models.Q(('change_order__isnull', False), ('changes__isnull', False)), _connector='OR'), name='a_change_names_what_it_changes')],
            'triggers': [pgtrigger.compiler.Trigger(name='plan_adds_up', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.id AND v.proposed_at IS NOT NULL AND v.price IS DISTINCT FROM (SELECT CASE WHEN bool_and(l.amount IS NOT NULL) THEN sum(l.amount) END FROM contracts_planline l WHERE l.version_id = v.id)) THEN RAISE EXCEPTION 'the plan of version % does not add up to its price', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='4945386205215892473198ccc0ac9883c54f6d6f', operation='INSERT OR UPDATE', pgid='pgtrigger_plan_adds_up_a2d0a', table='contracts_contractversion', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.proposed_at IS NOT NULL THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('changes_asked_at', OLD.changes_asked_at) || jsonb_build_object('changes_asked', OLD.changes_asked) || jsonb_build_object('expired_at', OLD.expired_at)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='0e5a2b976f422b29a443105e4f58b907fe3e6501', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_03d18', table='contracts_contractversion', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_version_stays_with_its_side', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.author <> NEW.author THEN RAISE EXCEPTION 'a version stays with its side' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='e8dfd1e30963759845fb8019c8210405584bda7b', operation='UPDATE', pgid='pgtrigger_a_version_stays_with_its_side_f1312', table='contracts_contractversion', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_change_is_of_what_is_in_force', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.change_order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_changeorder o JOIN contracts_contract c ON c.id = o.contract_id WHERE o.id = NEW.change_order_id AND c.id = NEW.contract_id AND (NEW.proposed_at IS NOT NULL OR c.active_version_id = NEW.changes_id)) THEN RAISE EXCEPTION 'a change is of what is in force' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='46315872b302b58449dd7a22597d778234b6acfa', operation='INSERT OR UPDATE', pgid='pgtrigger_a_change_is_of_what_is_in_force_c980a', table='contracts_contractversion', when='BEFORE')), pgtrigger.compiler.Trigger(name='every_line_says_when_it_is_billed', sql=pgtrigger.compiler.UpsertTriggerSql(constraint='CONSTRAINT', func="IF EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_planline l ON l.version_id = v.id WHERE v.id = NEW.id AND v.proposed_at IS NOT NULL AND ((l.start = 'date' AND l.starts_on IS NULL) OR (l.kind = 'recurring' AND (l.period = '' OR l.period_count IS NULL OR l.per_period * l.period_count <> l.amount)) OR (l.start = 'acceptance' AND 1 <> (SELECT count(*) FROM contracts_planline m WHERE m.version_id = v.id AND m.kind = 'milestone' AND m.title = l.starts_with)))) THEN RAISE EXCEPTION 'a line of version % does not say when it is billed', NEW.id USING ERRCODE = 'check_violation'; END IF; RETURN NULL;", hash='364c19b33c96a973d8306434d58c718ad45aac44', operation='INSERT OR UPDATE', pgid='pgtrigger_every_line_says_when_it_is_billed_8925f', table='contracts_contractversion', timing='DEFERRABLE INITIALLY DEFERRED', when='AFTER')), pgtrigger.compiler.Trigger(name='retention_has_a_rate_and_ends', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.retention IS NOT NULL AND NOT coalesce((NEW.retention ->> 'rate')::numeric BETWEEN 0 AND 50 AND (NEW.proposed_at IS NULL OR (SELECT sum((r ->> 'share')::numeric) FROM jsonb_array_elements(NEW.retention -> 'releases') r) = 100), false) THEN RAISE EXCEPTION 'retention has a rate and ends' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='7783f30e1970bc8e344e1e230e9f72a3bdae0462', operation='INSERT OR UPDATE', pgid='pgtrigger_retention_has_a_rate_and_ends_1de4b', table='contracts_contractversion', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='PlanLine',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('position', models.PositiveIntegerField()),
            ('title', models.CharField(max_length=160, verbose_name='milestone')),
            ('scope', models.TextField(blank=True, max_length=4000, verbose_name='what is delivered')),
            ('basis', models.CharField(choices=[('amount', 'Amount'), ('percent', 'Percent'), ('remainder', 'The remainder')], max_length=10)),
            ('percent', models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True, verbose_name='percent of the price')),
            ('amount', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True, verbose_name='amount')),
            ('planned_on', models.DateField(blank=True, null=True, verbose_name='planned date')),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='contracts.contractversion')),
            ('is_cumulative', models.BooleanField(default=False, help_text='not accepted before every milestone above it in the plan is', verbose_name='cumulative')),
            ('review_days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='own days to review')),
            ('silence', models.CharField(blank=True, choices=[('escalates', 'Nothing is decided'), ('accepted', 'Counts as accepted'), ('rejected', 'Counts as not accepted')], max_length=10, verbose_name='own meaning of silence')),
            ('kind', models.CharField(choices=[('milestone', 'Milestone'), ('deposit', 'Deposit'), ('recurring', 'Recurring')], default='milestone', max_length=10, verbose_name='kind')),
            ('per_period', models.DecimalField(blank=True, decimal_places=3, max_digits=18, null=True, verbose_name='amount of each period')),
            ('period', models.CharField(blank=True, choices=[('month', 'Month'), ('quarter', 'Quarter'), ('year', 'Year')], max_length=10, verbose_name='period')),
            ('period_count', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='number of periods')),
            ('start', models.CharField(blank=True, choices=[('signature', 'When the contract is signed'), ('date', 'On a day'), ('acceptance', 'When a milestone is accepted')], max_length=10, verbose_name='due')),
            ('starts_on', models.DateField(blank=True, null=True, verbose_name='day')),
            ('starts_with', models.CharField(blank=True, max_length=160, verbose_name='starts with the milestone')),
        ],
        options={
            'ordering': ('position',),
            'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('version', 'position'), name='plan_positions_unique'), models.UniqueConstraint(models.F('version'), condition=models.Q(('basis', 'remainder')), name='at_most_one_remainder'), models.CheckConstraint(condition=models.Q(models.Q(('basis', 'percent'), ('percent__gt', 0), ('percent__lte', 100)), models.Q(('basis', 'amount'), ('percent__isnull', True)), models.Q(('basis', 'remainder'), ('percent__isnull', True)), _connector='OR'), name='plan_line_says_its_portion'), models.CheckConstraint(condition=models.Q(('amount__isnull', True), ('amount__gt', 0), _connector='OR'), name='plan_amount_positive'), models.CheckConstraint(condition=models.Q(models.Q(('review_days__isnull', True), models.Q(('review_days__gte', 1), ('review_days__lte', 365)), _connector='OR'), ('silence__in', ['', 'escalates', 'accepted', 'rejected'])), name='own_review_is_counted_and_ends_somehow'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'milestone'), ('start', ''), ('starts_on__isnull', True), ('starts_with', ''), ('per_period__isnull', True), ('period', ''), ('period_count__isnull', True)), models.Q(('kind', 'deposit'), ('planned_on__isnull', True), ('start__in', ['signature', 'date']), ('starts_with', ''), ('per_period__isnull', True), ('period', ''), ('period_count__isnull', True)), models.Q(('kind', 'recurring'), ('planned_on__isnull', True), ('start__in', ['signature', 'date', 'acceptance'])), _connector='OR'), name='plan_line_says_what_its_kind_has'), models.CheckConstraint(condition=models.Q(models.Q(('starts_on__isnull', True), ('start', 'date'), _connector='OR'), models.Q(('starts_with', ''), ('start', 'acceptance'), _connector='OR')), name='plan_line_starts_in_one_way'), models.CheckConstraint(condition=models.Q(('period__in', ['', 'month', 'quarter', 'year']), models.Q(('period_count__isnull', True), models.Q(('period_count__gte', 1), ('period_count__lte', 240)), _connector='OR'), models.Q(('per_period__isnull', True), models.Q(('basis', 'amount'), ('per_period__gt', 0)), _connector='OR')), name='plan_line_repeats_so_often')],
            'triggers': [pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = OLD.version_id AND v.proposed_at IS NOT NULL) THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='e28aecf0c5405a99ec0dea57909db165a8824bf9', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_bb4d6', table='contracts_planline', when='BEFORE')), pgtrigger.compiler.Trigger(name='no_line_joins_a_proposed_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND v.proposed_at IS NOT NULL) THEN RAISE EXCEPTION 'no line joins a proposed version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='64d07db4ca777c3cce660f1c332d2a7cee05a457', operation='INSERT', pgid='pgtrigger_no_line_joins_a_proposed_version_5ad4f', table='contracts_planline', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Criterion',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('position', models.PositiveIntegerField()),
            ('text', models.CharField(max_length=500, verbose_name='acceptance criterion')),
            ('needs_evidence', models.BooleanField(default=False, verbose_name='needs evidence')),
            ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='criteria', to='contracts.planline')),
        ],
        options={
            'ordering': ('position',),
            'constraints': [models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('line', 'position'), name='criterion_positions_unique')],
            'triggers': [pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contractversion v ON v.id = l.version_id WHERE l.id = OLD.line_id AND v.proposed_at IS NOT NULL) THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='fa207bcf6fc5536adf90f6a49c316e7ec5483a12', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_d9cec', table='contracts_criterion', when='BEFORE')), pgtrigger.compiler.Trigger(name='no_criterion_joins_a_proposed_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_planline l JOIN contracts_contractversion v ON v.id = l.version_id WHERE l.id = NEW.line_id AND v.proposed_at IS NOT NULL) THEN RAISE EXCEPTION 'no criterion joins a proposed version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='ca5a380bc3c70151acb7cf5b81fbe6a125e88dca', operation='INSERT', pgid='pgtrigger_no_criterion_joins_a_proposed_version_d25e7', table='contracts_criterion', when='BEFORE')), pgtrigger.compiler.Trigger(name='only_milestones_have_criteria', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_planline l WHERE l.id = NEW.line_id AND l.kind <> 'milestone') THEN RAISE EXCEPTION 'only milestones have criteria' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='430fa54ec7e235a51d9437ae5ec621bb00aa2782', operation='INSERT', pgid='pgtrigger_only_milestones_have_criteria_229e0', table='contracts_criterion', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Signature',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('side', models.CharField(choices=[('seller', 'Seller'), ('buyer', 'Buyer'), ('financier', 'Financier')], max_length=10)),
            ('name', models.CharField(max_length=160, verbose_name='name')),
            ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
            ('signed_at', models.DateTimeField()),
            ('address', models.CharField(blank=True, max_length=45, verbose_name='network address')),
            ('agent', models.CharField(blank=True, max_length=300, verbose_name='browser')),
            ('authenticated_by', models.CharField(blank=True, max_length=120)),
            ('statement', models.TextField(verbose_name='statement')),
            ('statement_version', models.CharField(max_length=20)),
            ('sha256', models.CharField(max_length=64)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.guestgrant')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='signatures', to='contracts.contractversion')),
        ],
        options={
            'constraints': [models.UniqueConstraint(models.F('version'), models.F('side'), name='one_signature_per_side'), models.CheckConstraint(condition=models.Q(models.Q(('grant__isnull', True), ('user__isnull', False)), models.Q(('grant__isnull', False), ('user__isnull', True)), _connector='OR'), name='signed_by_a_user_or_a_guest'), models.CheckConstraint(condition=models.Q(('side__in', ['seller', 'buyer'])), name='signed_by_a_side')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='3c49f74f77c1240ce0e2d2fab57fbd4664ec8a66', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_82a8a', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='085a5c6fd667499ef75f81cf9db9266fe7f1d178', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_f721b', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='signature_of_the_proposed_text', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND v.sha256 = NEW.sha256 AND v.proposed_at IS NOT NULL) THEN RAISE EXCEPTION 'signature of the proposed text' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='65d519e08f5173b60d4adade6c345e651af5f8d6', operation='INSERT', pgid='pgtrigger_signature_of_the_proposed_text_c9ccf', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='link_signs_only_its_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g JOIN contracts_contractversion v ON v.ref = g.subject_ref WHERE g.id = NEW.grant_id AND v.id = NEW.version_id AND g.purpose = 'sign_contract' AND NEW.side = 'buyer') THEN RAISE EXCEPTION 'link signs only its version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='57efd2172863d29250f9cb8cabcaef6b45cfbdeb', operation='INSERT', pgid='pgtrigger_link_signs_only_its_version_3bebb', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='the_proposer_signs_first', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND v.author <> NEW.side AND NOT EXISTS (SELECT 1 FROM contracts_signature s WHERE s.version_id = v.id AND s.side = v.author)) THEN RAISE EXCEPTION 'the proposer signs first' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='a9e7cf7075016bdd774e9f92c2de8598b8de0672', operation='INSERT', pgid='pgtrigger_the_proposer_signs_first_4074a', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='nobody_signs_for_both_sides', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_signature s WHERE s.version_id = NEW.version_id AND s.side <> NEW.side AND (s.user_id = NEW.user_id OR lower(s.email) = lower(NEW.email))) THEN RAISE EXCEPTION 'nobody signs for both sides' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='eb3228913d540804a8a7b59be8112ab39fa53792', operation='INSERT', pgid='pgtrigger_nobody_signs_for_both_sides_14b3e', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='nothing_is_signed_after_its_last_day', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND (v.expired_at IS NOT NULL OR v.expires_at < NEW.signed_at)) THEN RAISE EXCEPTION 'nothing is signed after its last day' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='5ec1dfe0d26596257f6b6ec6d39af4345212b08e', operation='INSERT', pgid='pgtrigger_nothing_is_signed_after_its_last_day_78cdc', table='contracts_signature', when='BEFORE')), pgtrigger.compiler.Trigger(name='a_change_is_signed_while_it_stands', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_changeorder o ON o.id = v.change_order_id JOIN contracts_contract c ON c.id = o.contract_id WHERE v.id = NEW.version_id AND (o.state <> 'proposed' OR v.changes_asked_at IS NOT NULL OR c.state <> 'active' OR c.active_version_id <> v.changes_id)) THEN RAISE EXCEPTION 'a change is signed while it stands' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='1335c03fdd34b601dc150d9e0fdefba2960bb5fb', operation='INSERT', pgid='pgtrigger_a_change_is_signed_while_it_stands_41fac', table='contracts_signature', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='ContractDocument',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('state', models.CharField(choices=[('making', 'Being made'), ('ready', 'Ready'), ('failed', 'Failed')], default='making', max_length=10)),
            ('requested_at', models.DateTimeField()),
            ('made_at', models.DateTimeField(blank=True, null=True)),
            ('stored_as', models.CharField(blank=True, max_length=120)),
            ('size', models.PositiveBigIntegerField(default=0, help_text='bytes')),
            ('sha256', models.CharField(blank=True, max_length=64)),
            ('failure', models.CharField(blank=True, max_length=400)),
            ('kind', models.CharField(choices=[('proposal', 'Proposal'), ('signed', 'Signed contract')], max_length=10)),
            ('snapshot', models.TextField()),
            ('snapshot_sha256', models.CharField(max_length=64)),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='contracts.contractversion')),
        ],
        options={
            'indexes': [models.Index(models.F('contract'), name='document_by_contract')],
            'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('made_at__isnull', False), ('size__gt', 0), ('state', 'ready'), models.Q(('sha256', ''), _negated=True), models.Q(('stored_as', ''), _negated=True)), models.Q(('state', 'ready'), _negated=True), _connector='OR'), name='ready_contractdocument_has_its_bytes'), models.UniqueConstraint(models.F('version'), models.F('kind'), name='one_document_per_version_and_kind')],
            'triggers': [pgtrigger.compiler.Trigger(name='legal_steps', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.state IS DISTINCT FROM NEW.state)', func="IF NOT ((OLD.state = 'failed' AND NEW.state = 'making') OR (OLD.state = 'making' AND NEW.state = 'failed') OR (OLD.state = 'making' AND NEW.state = 'ready')) THEN RAISE EXCEPTION 'illegal step from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='9812886f516c54e904c08d9c5ade0ce9085d0dab', operation='UPDATE', pgid='pgtrigger_legal_steps_731cb', table='contracts_contractdocument', when='BEFORE')), pgtrigger.compiler.Trigger(name='frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF OLD.state = 'ready' THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='13a54e8ac8fa21609000823a76e8819e84146e2c', operation='UPDATE OR DELETE', pgid='pgtrigger_frozen_2f6aa', table='contracts_contractdocument', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_deleted', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is part of the record and is never deleted' USING ERRCODE = 'check_violation';", hash='fbddfd9842886a74efad300eec80babdc446e97f', operation='DELETE', pgid='pgtrigger_never_deleted_3ffec', table='contracts_contractdocument', when='BEFORE')), pgtrigger.compiler.Trigger(name='what_it_says_is_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF TRUE THEN IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; IF to_jsonb(OLD) IS DISTINCT FROM (to_jsonb(NEW) || jsonb_build_object('state', OLD.state) || jsonb_build_object('requested_at', OLD.requested_at) || jsonb_build_object('made_at', OLD.made_at) || jsonb_build_object('stored_as', OLD.stored_as) || jsonb_build_object('size', OLD.size) || jsonb_build_object('sha256', OLD.sha256) || jsonb_build_object('failure', OLD.failure)) THEN RAISE EXCEPTION 'this row is frozen' USING ERRCODE = 'check_violation'; END IF; END IF; IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;", hash='1b0b052f8c6b01dcfde8a0304be351904f5c1be2', operation='UPDATE OR DELETE', pgid='pgtrigger_what_it_says_is_frozen_bf587', table='contracts_contractdocument', when='BEFORE')), pgtrigger.compiler.Trigger(name='document_only_of_what_was_proposed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contractversion v WHERE v.id = NEW.version_id AND v.contract_id = NEW.contract_id AND v.proposed_at IS NOT NULL) THEN RAISE EXCEPTION 'document only of what was proposed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='3fbf59ebb3034218a3ce43c1bb513266fde58e5c', operation='INSERT', pgid='pgtrigger_document_only_of_what_was_proposed_d9eb7', table='contracts_contractdocument', when='BEFORE')), pgtrigger.compiler.Trigger(name='signed_document_only_of_what_both_signed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.kind = 'signed' AND (SELECT count(DISTINCT s.side) FROM contracts_signature s WHERE s.version_id = NEW.version_id AND s.contract_id = NEW.contract_id) <> 2 THEN RAISE EXCEPTION 'signed document only of what both signed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='a8bf18129d5dc02e636d5822819dec647fbaa887', operation='INSERT', pgid='pgtrigger_signed_document_only_of_what_both_signed_709f7', table='contracts_contractdocument', when='BEFORE'))],
        },
    ),
    migrations.CreateModel(
        name='Comment',
        fields=[
            ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ('ref', models.CharField(default=apps.core.refs.new_ref, editable=False, max_length=16, unique=True)),
            ('side', models.CharField(choices=[('seller', 'Seller'), ('buyer', 'Buyer'), ('financier', 'Financier')], max_length=10)),
            ('name', models.CharField(max_length=160, verbose_name='name')),
            ('email', models.EmailField(max_length=254, verbose_name='e-mail')),
            ('written_at', models.DateTimeField()),
            ('text', models.TextField(max_length=4000, verbose_name='comment')),
            ('contract', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contract')),
            ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.guestgrant')),
            ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='parties.organisation')),
            ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='contracts.contractversion')),
        ],
        options={
            'indexes': [models.Index(models.F('contract'), models.OrderBy(models.F('id'), descending=True), name='comment_by_contract')],
            'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='comment_says_something'), models.CheckConstraint(condition=models.Q(('side__in', ['seller', 'buyer'])), name='commented_by_a_side'), models.CheckConstraint(condition=models.Q(models.Q(('grant__isnull', True), ('user__isnull', False)), models.Q(('grant__isnull', False), ('user__isnull', True)), _connector='OR'), name='commented_by_a_user_or_a_guest')],
            'triggers': [pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this row is append-only; correct it with a new one' USING ERRCODE = 'check_violation';", hash='348961d700ec575eef6456d1c160aa603f72d8ed', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_601c2', table='contracts_comment', when='BEFORE')), pgtrigger.compiler.Trigger(name='never_truncated', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'this table is append-only and is never truncated' USING ERRCODE = 'check_violation';", hash='fbbbfeac418d2c2d576ab43925bfffab99feab1b', level='STATEMENT', operation='TRUNCATE', pgid='pgtrigger_never_truncated_dece9', table='contracts_comment', when='BEFORE')), pgtrigger.compiler.Trigger(name='comment_of_a_side_on_what_was_proposed', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NOT EXISTS (SELECT 1 FROM contracts_contractversion v JOIN contracts_contract c ON c.id = v.contract_id WHERE v.id = NEW.version_id AND c.id = NEW.contract_id AND v.proposed_at IS NOT NULL AND c.state IN ('draft', 'proposed') AND ((NEW.side = 'seller' AND c.seller_id = NEW.organisation_id) OR (NEW.side = 'buyer' AND c.buyer_id = NEW.organisation_id))) THEN RAISE EXCEPTION 'comment of a side on what was proposed' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='f9e8ab4fe2d732537084feee8d9de04a69d0d458', operation='INSERT', pgid='pgtrigger_comment_of_a_side_on_what_was_proposed_29d4b', table='contracts_comment', when='BEFORE')), pgtrigger.compiler.Trigger(name='link_comments_only_on_its_version', sql=pgtrigger.compiler.UpsertTriggerSql(func="IF NEW.grant_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM contracts_guestgrant g JOIN contracts_contractversion v ON v.ref = g.subject_ref WHERE g.id = NEW.grant_id AND v.id = NEW.version_id AND g.purpose = 'sign_contract' AND NEW.side = 'buyer') THEN RAISE EXCEPTION 'link comments only on its version' USING ERRCODE = 'check_violation'; END IF; RETURN NEW;", hash='52950871837e545f54691ee739c1b64a0adb6358', operation='INSERT', pgid='pgtrigger_link_comments_only_on_its_version_9acd5', table='contracts_comment', when='BEFORE'))],
        },
    ),
]
BETWEEN_TABLES = [
    migrations.AddField(
        model_name='contract',
        name='active_version',
        field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contracts.contractversion'),
    ),
    migrations.AddConstraint(
        model_name='contract',
        constraint=models.CheckConstraint(condition=models.Q(models.Q(('activated_at__isnull', False), ('active_version__isnull', False), ('state__in', ['active', 'completed'])), models.Q(('activated_at__isnull', True), ('active_version__isnull', True), ('state__in', ['draft', 'proposed', 'withdrawn'])), _connector='OR'), name='contract_active_with_a_signed_version'),
    ),
]
"""Two tables that know each other."""
TRIGGERS = [trigger for table in TABLES for trigger in table.options.get('triggers', [])]


class Migration(migrations.Migration):

    replaces = [('contracts', '0001_initial'), ('contracts', '0002_guards_of_sides'), ('contracts', '0003_lists_by_state'), ('contracts', '0004_templates_and_plan_uploads'), ('contracts', '0005_review_terms'), ('contracts', '0006_partial_acceptance'), ('contracts', '0007_contract_documents'), ('contracts', '0008_negotiation'), ('contracts', '0009_credit_notes'), ('contracts', '0010_steps_of_acceptance'), ('contracts', '0011_change_orders'), ('contracts', '0012_plan_line_kinds'), ('contracts', '0013_changes_leave_the_calendar'), ('contracts', '0014_retention'), ('contracts', '0015_changes_count_what_was_withdrawn')]

    initial = True

    dependencies = [
        ('parties', '0003_sessions'),
    ]

    operations = [
        *TABLES,
        *BETWEEN_TABLES,
        migrations.RunSQL(
            [trigger.install_sql for trigger in TRIGGERS],
            [trigger.uninstall_sql for trigger in TRIGGERS],
        ),
    ]
