# SPDX-License-Identifier: Apache-2.0
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from wsss.datasets.converters.download import check_md5, download, file_md5
from wsss.errors import DataError

CONTENT = bytes(range(256)) * 40
MD5 = hashlib.md5(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; ``server.mode`` chooses what goes wrong, ``server.asked`` logs the ranges."""

    def do_GET(self):
        asked = self.headers.get('Range')
        self.server.asked.append(asked)
        mode = self.server.mode
        if self.path != '/file.bin' or mode == 'broken':
            self.send_error(503 if mode == 'broken' else 404)
            return
        start = int(asked.removeprefix('bytes=').removesuffix('-')) if asked else 0
        if mode == 'no ranges':
            start = 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        ranged = bool(asked) and mode != 'no ranges'
        self.send_response(206 if ranged else 200)
        if ranged:
            first = 7 if mode == 'wrong range' else start
            self.send_header('Content-Range', f'bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}')
        self.send_header('Content-Length', str(len(CONTENT) - start))
        self.end_headers()
        end = len(CONTENT)
        if mode == 'cuts' and len(self.server.asked) < 4:
            end = min(start + 1000, end)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.mode, server.asked = 'normal', []
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(poll_interval=0.01))
    thread.start()
    server.url = f'http://127.0.0.1:{server.server_port}/file.bin'
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def load(server, path, md5=MD5, **options):
    return download(server.url, path, md5, wait_s=0, progress=False, timeout_s=10, **options)


def test_file_is_loaded_and_no_part_is_left(server, tmp_path):
    path = load(server, tmp_path / 'deep' / 'file.bin')
    assert path.read_bytes() == CONTENT and server.asked == [None]
    assert [p.name for p in path.parent.iterdir()] == ['file.bin']


def test_existing_file_with_right_checksum_is_kept_without_asking(server, tmp_path):
    (tmp_path / 'file.bin').write_bytes(CONTENT)
    load(server, tmp_path / 'file.bin')
    assert server.asked == []


def test_existing_file_with_other_checksum_is_refused(server, tmp_path):
    (tmp_path / 'file.bin').write_bytes(b'other')
    with pytest.raises(DataError, match=f'file.bin has the MD5 .*published one is {MD5}'):
        load(server, tmp_path / 'file.bin')


def test_without_a_checksum_the_length_is_checked(server, tmp_path):
    server.mode = 'cuts'
    path = load(server, tmp_path / 'file.bin', md5=None)
    assert path.read_bytes() == CONTENT and len(server.asked) == 4
    path.write_bytes(b'other')
    assert load(server, path, md5=None).read_bytes() == b'other'


def test_partial_file_is_continued(server, tmp_path):
    (tmp_path / 'file.bin.part').write_bytes(CONTENT[:3000])
    assert load(server, tmp_path / 'file.bin').read_bytes() == CONTENT
    assert server.asked == ['bytes=3000-']


@pytest.mark.parametrize('mode', ['no ranges', 'wrong range'])
def test_file_is_loaded_anew_where_the_server_cannot_continue(server, tmp_path, mode):
    server.mode = mode
    (tmp_path / 'file.bin.part').write_bytes(CONTENT[:3000])
    assert load(server, tmp_path / 'file.bin').read_bytes() == CONTENT


def test_whole_part_is_taken(server, tmp_path):
    (tmp_path / 'file.bin.part').write_bytes(CONTENT)
    assert load(server, tmp_path / 'file.bin').read_bytes() == CONTENT


def test_cut_connections_are_continued(server, tmp_path):
    server.mode = 'cuts'
    assert load(server, tmp_path / 'file.bin', attempts=2).read_bytes() == CONTENT
    assert server.asked == [None, 'bytes=1000-', 'bytes=2000-', 'bytes=3000-']


def test_wrong_checksum_deletes_the_part(server, tmp_path):
    with pytest.raises(DataError, match=r'another MD5 than the published 0000\. It was deleted'):
        load(server, tmp_path / 'file.bin', md5='0000')
    assert not list(tmp_path.iterdir())


def test_failing_server_is_given_up_and_the_part_is_kept(server, tmp_path):
    server.mode = 'broken'
    (tmp_path / 'file.bin.part').write_bytes(CONTENT[:10])
    with pytest.raises(DataError, match=r'503.*file.bin.part keeps what came \(10 bytes\)'):
        load(server, tmp_path / 'file.bin', attempts=3)
    assert len(server.asked) == 3 and (tmp_path / 'file.bin.part').stat().st_size == 10


def test_missing_address_is_not_tried_again(server, tmp_path):
    server.url += '.gone'
    with pytest.raises(DataError, match='404'):
        load(server, tmp_path / 'file.bin')
    assert len(server.asked) == 1


def test_only_http_addresses_are_loaded(tmp_path):
    with pytest.raises(DataError, match='must begin with http'):
        download('file:///etc/hostname', tmp_path / 'a', MD5)


def test_check_md5_names_the_missing_file(tmp_path):
    with pytest.raises(DataError, match='gone does not exist'):
        check_md5(tmp_path / 'gone', MD5)
    (tmp_path / 'a').write_bytes(CONTENT)
    check_md5(tmp_path / 'a', MD5)
    assert file_md5(tmp_path / 'a') == MD5
