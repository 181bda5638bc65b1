from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0006_lei"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="calendar_country",
            field=models.CharField(blank=True, max_length=2, verbose_name="calendar of holidays"),
        ),
        migrations.AddField(
            model_name="organisation",
            name="calendar_subdivision",
            field=models.CharField(blank=True, max_length=40, verbose_name="region of the calendar"),
        ),
        migrations.AddConstraint(
            model_name="organisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("calendar_subdivision", ""), models.Q(("calendar_country", ""), _negated=True), _connector="OR"
                ),
                name="region_of_a_named_calendar",
            ),
        ),
    ]
