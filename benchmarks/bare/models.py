"""The fewest tables that an invoice from a milestone needs: no walls, no triggers, no evidence, no audit trail."""

from typing import ClassVar

from django.db import models

TABLES = """
CREATE TABLE bare_series (id bigserial PRIMARY KEY, seller bigint NOT NULL UNIQUE, last integer NOT NULL);
CREATE TABLE bare_milestone (
  id bigserial PRIMARY KEY, series_id bigint NOT NULL REFERENCES bare_series, state varchar(12) NOT NULL,
  amount numeric(18, 3) NOT NULL
);
CREATE TABLE bare_invoice (
  id bigserial PRIMARY KEY, milestone_id bigint NOT NULL UNIQUE REFERENCES bare_milestone, seller bigint NOT NULL,
  number varchar(16) NOT NULL, net numeric(18, 3) NOT NULL, gross numeric(18, 3) NOT NULL,
  issued_at timestamptz NOT NULL, UNIQUE (seller, number)
);
CREATE TABLE bare_line (
  id bigserial PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES bare_invoice, description varchar(160) NOT NULL,
  net numeric(18, 3) NOT NULL
);
CREATE INDEX ON bare_line (invoice_id);
CREATE TABLE bare_posting (
  id bigserial PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES bare_invoice, account varchar(12) NOT NULL,
  amount numeric(18, 3) NOT NULL
);
CREATE INDEX ON bare_posting (invoice_id);
CREATE SEQUENCE bare_next;
GRANT ALL ON bare_series, bare_milestone, bare_invoice, bare_line, bare_posting TO cairn_web;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO cairn_web;
"""


class Series(models.Model):
    seller = models.BigIntegerField(unique=True)
    last = models.IntegerField()

    class Meta:
        managed = False
        db_table = "bare_series"

    def __str__(self) -> str:
        return f"{self.seller}"


class Milestone(models.Model):
    series = models.ForeignKey(Series, models.PROTECT)
    state = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        managed = False
        db_table = "bare_milestone"

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"


class Invoice(models.Model):
    milestone = models.OneToOneField(Milestone, models.PROTECT)
    seller = models.BigIntegerField()
    number = models.CharField(max_length=16)
    net = models.DecimalField(max_digits=18, decimal_places=3)
    gross = models.DecimalField(max_digits=18, decimal_places=3)
    issued_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "bare_invoice"

    def __str__(self) -> str:
        return self.number


class Line(models.Model):
    invoice = models.ForeignKey(Invoice, models.PROTECT)
    description = models.CharField(max_length=160)
    net = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        managed = False
        db_table = "bare_line"

    def __str__(self) -> str:
        return self.description


class Posting(models.Model):
    invoice = models.ForeignKey(Invoice, models.PROTECT)
    account = models.CharField(max_length=12)
    amount = models.DecimalField(max_digits=18, decimal_places=3)

    class Meta:
        managed = False
        db_table = "bare_posting"
        indexes: ClassVar[list[models.Index]] = []

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
