"""The caller, and the remaining quota of this hour."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from batches.services.quota import quota_of
from content.api.fields import Instant
from content.api.openapi import errors
from content.http import AuthenticatedRequest
from content.models import User, Wallet


class QuotaAnswer(serializers.Serializer[Any]):
    limit = serializers.IntegerField()
    remaining = serializers.IntegerField()
    resetAt = Instant(source="reset_at", allow_null=True)


class AddressAnswer(serializers.Serializer[Wallet]):
    address = serializers.CharField()
    displayName = serializers.CharField(source="display_name")
    isCreator = serializers.BooleanField(source="is_creator")
    quota = serializers.SerializerMethodField()

    @extend_schema_field(QuotaAnswer)
    def get_quota(self, wallet: Wallet) -> Any:
        return QuotaAnswer(quota_of(wallet)).data


class MeAnswer(serializers.Serializer[User]):
    username = serializers.CharField()
    isStaff = serializers.BooleanField(source="is_staff")
    addresses = AddressAnswer(source="wallets.all", many=True)


class MeView(APIView):
    @extend_schema(operation_id="me", tags=["account"], responses={200: MeAnswer, **errors(401)})
    def get(self, request: AuthenticatedRequest) -> Response:
        """Get the caller, their addresses and the hourly quota of each."""
        return Response(MeAnswer(request.user).data)
