import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0003_suppressed_spellings'),
    ]

    operations = [
        migrations.AddField(
            model_name='contactimport',
            name='encoding',
            field=models.CharField(blank=True, db_default='', help_text='Empty until it is found out.', max_length=40),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='failure_code',
            field=models.CharField(blank=True, db_default='', max_length=40),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='is_converted',
            field=models.BooleanField(db_default=False, default=False, help_text="The file is a spreadsheet's rows as CSV, each after its row number."),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='sheet',
            field=models.CharField(blank=True, db_default='', help_text='Of a spreadsheet; empty: the first.', max_length=100),
        ),
        migrations.AddField(
            model_name='contactimport',
            name='worked_at',
            field=models.DateTimeField(help_text='When a worker last wrote a block; an old time means that it died.', null=True),
        ),
        migrations.AlterField(
            model_name='contactimport',
            name='content',
            field=models.BinaryField(help_text="The file's beginning; the rest is in ContactImportPart.", null=True),
        ),
        migrations.CreateModel(
            name='ContactImportPart',
            fields=[
                ('pk', models.CompositePrimaryKey('contact_import_id', 'number', blank=True, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('content', models.BinaryField()),
                ('contact_import', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='contacts.contactimport')),
            ],
        ),
    ]
