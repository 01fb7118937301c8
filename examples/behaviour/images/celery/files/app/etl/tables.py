import io

import numpy as np
import pandas as pd
from celery import shared_task


@shared_task(name='etl.tables.tick')
def tick():
    return 'tick'


def frame():
    return pd.DataFrame({'word': ['b', 'ä', 'a'], 'number': np.arange(3) * 1.5, 'day': pd.date_range('2025-01-01', periods=3, tz='Europe/Vienna')})


@shared_task(bind=True, max_retries=2)
def describe(self, retries=0):
    if self.request.retries < retries:
        raise self.retry(countdown=0)
    return frame().describe(include='number').to_csv()


@shared_task
def convert(kind):
    table = frame()
    if kind == 'csv':
        return table.to_csv(index=False)
    if kind in ('openpyxl', 'xlsxwriter'):
        table['day'] = table['day'].dt.tz_localize(None)
        table.to_excel('/tmp/table.xlsx', index=False, engine=kind, sheet_name='Blatt')
        return pd.read_excel('/tmp/table.xlsx', sheet_name='Blatt').to_json(date_format='iso')
    if kind == 'html':
        return pd.read_html(io.StringIO(table.to_html()))[0].to_string()
    if kind == 'xml':
        return pd.read_xml(io.StringIO(table.drop(columns='day').to_xml())).to_string()
    if kind == 'json':
        return table.to_json(orient='table')
    if kind == 'style':
        return table.style.format(precision=1).set_uuid('x').to_html()
    if kind == 'sql':
        import sqlalchemy
        engine = sqlalchemy.create_engine('sqlite://')
        table.drop(columns='day').to_sql('t', engine, index=False)
        return pd.read_sql('select word, number * 2 as twice from t order by word', engine).to_string()
    if kind == 'pivot':
        return table.assign(month=table['day'].dt.month_name()).pivot_table(values='number', index='month', columns='word', aggfunc='sum').to_string()
    if kind == 'zip':
        table.to_csv('/tmp/table.csv.xz', index=False)
        table.to_pickle('/tmp/table.pkl.bz2')
        return [pd.read_csv('/tmp/table.csv.xz').shape, pd.read_pickle('/tmp/table.pkl.bz2').shape]
    if kind == 'query':
        return table.query('number > 1 and word != "z"').eval('twice = number * 2')['twice'].tolist()
    if kind == 'markdown':
        return table.to_markdown()
    raise ValueError(f'no kind {kind}')


@shared_task
def algebra():
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    values = np.linalg.eigvalsh(matrix)
    return [np.round(values, 6).tolist(), np.round(np.fft.fft([1, 2, 3, 4]).real, 6).tolist(), np.random.default_rng(7).integers(100, size=3).tolist(), str(np.datetime64('2025-01-01') + 3)]
