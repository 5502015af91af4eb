"""Files.com: API keys, and the users and files that they reach. One module for each kind of thing."""

from mockserver.providers.filescom.api_keys import (
    create_api_key,
    create_own_api_key,
    create_site_api_key,
    create_user_api_key,
    delete_api_key,
    delete_current_api_key,
    find_api_key,
    find_current_api_key,
    list_api_keys,
    list_own_api_keys,
    list_site_api_keys,
    list_user_api_keys,
    update_api_key,
    update_current_api_key,
)
from mockserver.providers.filescom.files import create_folder, delete_file, download_file, find_file, list_folder
from mockserver.providers.filescom.request_logs import list_api_request_logs
from mockserver.providers.filescom.sessions import create_session, delete_session
from mockserver.providers.filescom.storage import download, upload_part
from mockserver.providers.filescom.uploads import begin_upload, finish_upload
from mockserver.providers.filescom.users import delete_user, find_user, list_users

__all__ = [
    "begin_upload",
    "create_api_key",
    "create_folder",
    "create_own_api_key",
    "create_session",
    "create_site_api_key",
    "create_user_api_key",
    "delete_api_key",
    "delete_current_api_key",
    "delete_file",
    "delete_session",
    "delete_user",
    "download",
    "download_file",
    "find_api_key",
    "find_current_api_key",
    "find_file",
    "find_user",
    "finish_upload",
    "list_api_keys",
    "list_api_request_logs",
    "list_folder",
    "list_own_api_keys",
    "list_site_api_keys",
    "list_user_api_keys",
    "list_users",
    "update_api_key",
    "update_current_api_key",
    "upload_part",
]
