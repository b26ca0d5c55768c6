"""`POST /read`: a picture is answered with its plates, a video with a job."""

import asyncio
import json
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from models.base import ModelError
from streamer.codec import PlateEventBody
from streamer.errors import UserError
from streamer.videos import video_facts
from streamer.web import read_docs
from streamer.web.access import User, Viewer
from streamer.web.body import refusal, take_multipart, take_raw, take_small
from streamer.web.portal import Portal
from streamer.web.problems import Problem, responses
from streamer.web.read_job import Job
from streamer.web.read_jobs import Full
from streamer.web.read_limits import MOST_JOBS_WAITING
from streamer.web.read_models import ReadJob, ReadMost, ReadPicture, ReadVehicle
from streamer.web.read_picture import read_picture
from streamer.web.read_pool import PictureReader, Stopped
from streamer.web.reading import Reading, busy
from streamer.web.upload import Upload

_PICTURE = "/read/jobs/{job_id}/events/{event_id}/{kind}"
URL_BYTES = 8192
JOB_RETRY_S = 30


def router(portal: Portal) -> APIRouter:
    """The routes; none where nothing is read."""
    api = APIRouter(tags=["read"])
    if portal.reading is not None:
        _add_read(api, portal.reading)
        _add_jobs(api, portal.reading)
    return api


def _add_read(api: APIRouter, reading: Reading) -> None:
    @api.post("/read", **read_docs.READ)
    async def read(
        request: Request, user: Viewer, annotate: Annotated[bool, Query()] = False
    ) -> Response:
        """Read the plates of a picture or a video."""
        with reading.admitted(), await _taken(request, reading) as upload:
            if not upload.size:
                raise Problem(422, "is empty: send a picture or a video", upload.field)
            if upload.is_picture():
                return await _picture(reading, upload, annotate=annotate)
            return await run_in_threadpool(_video, reading, upload, user, request)

    @api.get("/read/limits", responses=responses(401))
    def limits(_: Viewer) -> ReadMost:
        """What may be sent at most."""
        return ReadMost.model_validate(reading.limits)


def _add_jobs(api: APIRouter, reading: Reading) -> None:
    @api.get("/read/jobs/{job_id}", name="read_job", **read_docs.JOB)
    def job(request: Request, job_id: str, _: Viewer) -> ReadJob:
        """How far a video was read, and what was found so far."""
        return _job_out(_job(reading, job_id), request)

    @api.delete("/read/jobs/{job_id}", status_code=204, **read_docs.FORGET)
    def forget(job_id: str, user: Viewer) -> None:
        """Stop reading a video, and forget what was found."""
        one = _job(reading, job_id)
        if user.role != "operator" and one.by != user.name:
            raise Problem(403, "somebody else sent this video: that is for operators")
        reading.jobs.forget(one)

    @api.get(_PICTURE, name="read_job_picture", **read_docs.PICTURE)
    def picture(
        job_id: str, event_id: str, kind: Literal["snapshot", "crop"], _: Viewer
    ) -> Response:
        """The picture of a vehicle, or the crop of its plate that was read best."""
        data = _job(reading, job_id).picture(event_id, kind)
        if data is None:
            raise Problem(404, f"no such event in this job: {event_id}", "path.event_id")
        return read_docs.JpegResponse(data)


async def _taken(request: Request, reading: Reading) -> Upload:
    """What was sent, however it was. Raises Problem."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    most_bytes = reading.limits.most_bytes
    if kind == "application/json":
        return await _fetched(request, reading)
    if kind == "multipart/form-data":
        field, take = "body.file", take_multipart
    elif kind.startswith(("image/", "video/")):
        field, take = "body", take_raw
    else:
        words = f"{kind or 'no content type'}: send {read_docs.KINDS}"
        raise await refusal(request, Problem(415, words, "header.content-type"))
    upload = reading.upload(field)
    try:
        await take(request, upload, most_bytes)
    except OSError as error:
        upload.close()
        raise Problem(507, f"the disk does not take it: {error.strerror}", field) from None
    except BaseException:
        upload.close()
        raise
    return upload


async def _fetched(request: Request, reading: Reading) -> Upload:
    """What is at the address that was sent. Raises Problem."""
    body = await take_small(request, URL_BYTES)
    if not reading.limits.allow_urls:
        raise Problem(403, "addresses are not fetched here; web.allow_urls would allow it")
    upload = reading.upload("body.url")
    try:
        await run_in_threadpool(reading.fetch.into, upload, _url(body))
    except BaseException:
        upload.close()
        raise
    return upload


def _url(body: bytes) -> str:
    try:
        sent: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Problem(422, 'is no JSON; send {"url": "https://…"}', "body") from None
    if not isinstance(sent, dict) or not isinstance(sent.get("url"), str):
        raise Problem(422, 'should be a text: {"url": "https://…"}', "body.url")
    return str(sent["url"])


async def _picture(reading: Reading, upload: Upload, *, annotate: bool) -> Response:
    def work(reader: PictureReader) -> ReadPicture:
        data, field = upload.content(), upload.field
        return read_picture(reader, data, reading.limits, field=field, annotate=annotate)

    try:
        found = await asyncio.wrap_future(reading.pool.submit(work))
    except Stopped:
        raise Problem(503, "it is being stopped") from None
    except ModelError as error:
        raise Problem(503, str(error)) from None
    return Response(found.model_dump_json(), media_type="application/json")


def _video(reading: Reading, upload: Upload, user: User, request: Request) -> Response:
    limits = reading.limits
    try:
        facts = video_facts(upload.path())
    except UserError as error:
        words = f"no picture ({read_docs.PICTURES}), and {error}"
        raise Problem(415, words, upload.field) from None
    if facts.duration_s is not None and facts.duration_s > limits.max_video_s:
        words = f"a video of {facts.duration_s:,.0f} s; at most {limits.max_video_s:g} s are read"
        raise Problem(413, words, upload.field)
    if words := limits.too_many_pixels(facts.size) or "":
        raise Problem(413, words, upload.field)
    try:
        job = reading.jobs.add(upload, facts, user.name)
    except Full:
        raise busy(f"{MOST_JOBS_WAITING} videos wait already", JOB_RETRY_S) from None
    body = _job_out(job, request)
    place = {"Location": request.url_for("read_job", job_id=job.id).path}
    return JSONResponse(body.model_dump(mode="json", by_alias=True), 202, place)


def _job(reading: Reading, job_id: str) -> Job:
    job = reading.jobs.get(job_id)
    if job is None:
        words = f"no such job: {job_id}; those that ended are forgotten after an hour"
        raise Problem(404, words, "path.job_id")
    return job


def _job_out(job: Job, request: Request) -> ReadJob:
    place = partial(request.url_for, "read_job_picture", job_id=job.id)
    state = job.state  # before its vehicles: nobody asks again for those of one that is done
    events = [
        ReadVehicle(
            event=PlateEventBody.model_validate(one.event),
            at_s=one.at_s,
            snapshot=place(event_id=one.event.id, kind="snapshot").path,
            crop=place(event_id=one.event.id, kind="crop").path,
        )
        for one in job.vehicles
    ]
    return ReadJob(
        id=job.id,
        name=job.name,
        state=state,
        progress=job.progress,
        read_s=job.read_s,
        duration_s=job.duration_s,
        events=events,
        error=job.error if state == "failed" else None,
    )
