# The image of web, worker and timetable; docker-compose.yml shows how they stand together.
# Written without a container engine at hand: not yet built or run.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /desk

COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt

COPY . .
# The settings want a secret; none of this one stays in the image.
RUN SECRET_KEY=only-for-this-step SERVICEDESK_DEVELOPMENT=false python manage.py collectstatic --noinput --verbosity 0 \
    && useradd --system --no-create-home desk \
    && mkdir -p var/files \
    && chown -R desk var/files
USER desk

EXPOSE 8000
CMD ["python", "-m", "gunicorn", "servicedesk.wsgi", "--bind", "0.0.0.0:8000", \
     "--config", "python:servicedesk.web_server"]
